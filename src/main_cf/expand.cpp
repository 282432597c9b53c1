// The `$` in values of main.cf.
//
//   text        = ( literal | "$$" | reference )*             "$$" is one "$"
//   reference   = "$" word | "${" inner "}" | "$(" inner ")"  brackets balance, of their own kind
//   inner       = space* word space* [ choice ]               word: letters, digits and "_"
//               | space* operand space* operator space* operand [ choice ]
//   choice      = "?" result [ ":" result ] | ":" result
//   result      = space* operand space* | text up to the end
//   operand     = "{" text "}"                                braces balance
//   operator    = "==" | "!=" | "<" | "<=" | ">=" | ">", each with or without "level" behind it
//
// A name stands for its value, which is expanded in turn; a name that nobody has given a value
// stands for nothing. With `?` the first result is taken where the value is not empty, with `:` the
// second where it is empty or missing, and values are looked at before their expansion. A result
// without braces reaches to the end, `:` and all, so a choice between two results needs braces
// around the first. A comparison is numerical where both sides are digits only, byte by byte
// otherwise, and of compatibility levels (`3.6`) with `level` behind the operator; it is the word
// `true` or empty where no choice follows.
//
// A mistake costs a warning that shows the place behind `>>>`. Reading goes on where that may find
// a second mistake, but nothing more is replaced. Whatever is limited is limited for one expansion
// as a whole, comparisons included.
#include "main_cf/expand.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <optional>
#include <utility>

#include "main_cf/ascii.hpp"
#include "main_cf/compatibility_level.hpp"

namespace scache::main_cf {
namespace {

// What may stand between an operand and what follows: fewer characters than isspace() has.
constexpr std::string_view kBlanks = " \t\r\n";
// Every character an operator could be made of, so that a message names a wrong one in full.
constexpr std::string_view kOperatorCharacters = "<>!=?+-*/~&|%";
constexpr std::string_view kLevelSuffix = "level";

enum class Relation { equal, not_equal, less, less_equal, greater_equal, greater };

std::optional<Relation> relation_named(std::string_view name) {
  if (name == "==") return Relation::equal;
  if (name == "!=") return Relation::not_equal;
  if (name == "<") return Relation::less;
  if (name == "<=") return Relation::less_equal;
  if (name == ">=") return Relation::greater_equal;
  if (name == ">") return Relation::greater;
  return std::nullopt;
}

// Whether `relation` holds between two values of which `order` is the difference's sign.
bool holds(Relation relation, int order) {
  switch (relation) {
    case Relation::equal:
      return order == 0;
    case Relation::not_equal:
      return order != 0;
    case Relation::less:
      return order < 0;
    case Relation::less_equal:
      return order <= 0;
    case Relation::greater_equal:
      return order >= 0;
    case Relation::greater:
      return order > 0;
  }
  return false;
}

int order_of(long left, long right) {
  return (left > right) - (left < right);
}

bool all_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_digit);
}

std::size_t span_of(std::string_view text, std::string_view characters) {
  return std::min(text.find_first_not_of(characters), text.size());
}

bool is_word_character(char c) {
  return is_alphanumeric(c) || c == '_';
}

// The head of what could not be read, as far as a message shows it.
std::string_view head(std::string_view text) {
  return text.substr(0, 20);
}

// Moves `text` to the `{` behind its blanks; false, and unmoved, where there is none.
bool skip_to_brace(std::string_view& text) {
  const std::size_t blanks = span_of(text, kBlanks);
  if (blanks == text.size() || text[blanks] != '{') return false;
  text.remove_prefix(blanks);
  return true;
}

class Expansion {
 public:
  Expansion(const Lookup& lookup, Log& log) : lookup_{lookup}, log_{log} {}

  Result<std::string> run(std::string_view text) {
    read_text(text);
    if (!fatal_.empty()) return std::unexpected(Error{fatal_});
    if (failed_) return std::unexpected(Error{"dictionary mail_dict: macro processing error"});
    return std::move(result_);
  }

 private:
  // Level counts how deep a piece of text stands, and refuses the one that stands too deep.
  class Level {
   public:
    Level(Expansion& expansion, std::string_view piece) : depth_{expansion.depth_} {
      if (++depth_ > kMaxExpansionDepth) {
        expansion.fail("unreasonable macro call nesting: \"{}\"", piece);
      }
    }
    ~Level() { --depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    int& depth_;
  };

  template <typename... Arguments>
  void fail(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    failed_ = true;
    // After what nothing can follow, silence.
    if (!fatal_.empty()) return;
    log_.write(Severity::warning, fmt::format(format, std::forward<Arguments>(arguments)...));
  }

  void read_text(std::string_view whole) {
    work_ += whole.size();
    if (work_ > kMaxExpansionWork) {
      return fail("unreasonable macro expansion: more than {} bytes read", kMaxExpansionWork);
    }
    std::string plain;
    std::string_view rest = whole;
    while (!rest.empty()) {
      const std::size_t dollar = std::min(rest.find('$'), rest.size());
      plain += rest.substr(0, dollar);
      rest.remove_prefix(dollar);
      if (rest.empty()) break;
      rest.remove_prefix(1);
      if (rest.starts_with('$')) {
        plain += '$';
        rest.remove_prefix(1);
        continue;
      }
      if (!plain.empty()) literal(std::exchange(plain, {}));
      const auto inner = take_inner(rest, whole);
      if (!inner) return;
      reference(*inner);
    }
    if (!plain.empty()) literal(plain);
  }

  // What a reference refers to, without its brackets. Nothing where reading cannot go on.
  std::optional<std::string_view> take_inner(std::string_view& rest, std::string_view whole) {
    const bool braced = rest.starts_with('{');
    const bool bracketed = braced || rest.starts_with('(');
    std::string_view inner;
    if (bracketed) {
      const auto end = closing_bracket(rest, braced ? '{' : '(', braced ? '}' : ')');
      if (!end) fail("truncated macro reference: \"{}\"", whole);
      if (failed_) return std::nullopt;
      inner = rest.substr(1, *end - 1);
      rest.remove_prefix(*end + 1);
    } else {
      const auto end = std::ranges::find_if_not(rest, is_word_character);
      inner = rest.substr(0, static_cast<std::size_t>(end - rest.begin()));
      rest.remove_prefix(inner.size());
    }
    if (inner.empty()) {
      fail("empty macro name: \"{}\"", whole);
      return std::nullopt;
    }
    return inner;
  }

  // Where the bracket closes that is the first character of `text`.
  static std::optional<std::size_t> closing_bracket(std::string_view text, char open, char close) {
    int level = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == open) ++level;
      if (text[i] == close && --level == 0) return i;
    }
    return std::nullopt;
  }

  void literal(std::string_view text) {
    if (failed_) return;
    const Level level{*this, text};
    if (failed_) return;
    if (text.size() > kMaxExpandedBytes - result_.size()) {
      return fail("unreasonable macro expansion: more than {} bytes long", kMaxExpandedBytes);
    }
    result_ += text;
  }

  void reference(std::string_view inner) {
    if (failed_) return;
    const Level level{*this, inner};
    if (failed_) return;
    std::string_view rest = inner;
    // A copy: what the lookup points to is somebody else's.
    std::optional<std::string> value;
    if (skip_to_brace(rest)) {
      const auto truth = comparison(rest);
      if (!truth) return;
      value = *truth ? "true" : "";
      if (!rest.empty() && rest.front() != '?' && rest.front() != ':') {
        return fail("\"?\" or \":\" expected at: \"...}}>>>{}\"", head(rest));
      }
    } else {
      const auto name = take_name(inner, rest);
      if (!name) return;
      if (const std::string* const found = lookup_(*name)) value = *found;
    }
    if (!rest.empty()) return choice(rest, value && !value->empty());
    if (value && !value->empty()) read_text(*value);
  }

  // The name at the head of `inner`; what stays in `rest` is empty or begins with `?` or `:`.
  std::optional<std::string_view> take_name(std::string_view inner, std::string_view& rest) {
    rest.remove_prefix(span_of(rest, kBlanks));
    const std::string_view from_name = rest;
    for (;;) {
      const std::string_view after = rest.substr(span_of(rest, kBlanks));
      if (after.empty() || after.front() == '?' || after.front() == ':') {
        const std::string_view name = from_name.substr(0, from_name.size() - rest.size());
        rest = after;
        return name;
      }
      if (!is_word_character(rest.front())) {
        fail("attribute name syntax error at: \"...{}>>>{}\"",
             inner.substr(0, inner.size() - rest.size()), head(rest));
        return std::nullopt;
      }
      rest.remove_prefix(1);
    }
  }

  // `?` or `:` and what follows, to the end. Only the result that is chosen is expanded.
  void choice(std::string_view rest, bool truth) {
    std::string_view result;
    if (rest.front() == '?') {
      rest.remove_prefix(1);
      if (!take_result(rest, result)) return;
      if (truth) read_text(result);
      if (rest.empty()) return;
      if (rest.front() != ':') {
        return fail("\":\" expected at: \"...{}}}>>>{}\"", result, head(rest));
      }
    }
    rest.remove_prefix(1);
    if (!take_result(rest, result)) return;
    if (!truth) read_text(result);
    if (!rest.empty()) fail("unexpected input at: \"...{}}}>>>{}\"", result, head(rest));
  }

  bool take_result(std::string_view& rest, std::string_view& result) {
    if (!skip_to_brace(rest)) {
      result = std::exchange(rest, {});
      return true;
    }
    const auto operand = take_operand(rest);
    if (operand) result = *operand;
    return operand.has_value();
  }

  // The text inside the braces that `rest` begins with. Skips the blanks behind them.
  std::optional<std::string_view> take_operand(std::string_view& rest) {
    const auto end = closing_bracket(rest, '{', '}');
    if (!end) {
      fail("unbalanced {{}} in attribute expression: \"{}\"", rest);
      return std::nullopt;
    }
    const std::string_view operand = rest.substr(1, *end - 1);
    rest.remove_prefix(*end + 1);
    rest.remove_prefix(span_of(rest, kBlanks));
    return operand;
  }

  // The truth of the comparison that `rest` begins with; nothing where it cannot be told.
  std::optional<bool> comparison(std::string_view& rest) {
    const auto left_text = take_operand(rest);
    if (!left_text) return std::nullopt;
    const std::string_view name = rest.substr(0, span_of(rest, kOperatorCharacters));
    const auto relation = relation_named(name);
    if (!relation) {
      fail(R"("==" or "!="" or "<"" or "<="" or ">="" or ">" expected at: "...{}}}>>>{}")",
           *left_text, head(rest));
      return std::nullopt;
    }
    rest.remove_prefix(name.size());
    const auto suffix_end = std::ranges::find_if_not(rest, is_alphanumeric);
    const auto suffix = rest.substr(0, static_cast<std::size_t>(suffix_end - rest.begin()));
    rest.remove_prefix(suffix.size());
    if (!suffix.empty() && suffix != kLevelSuffix) {
      fail("bad operator suffix at: \"...{}>>>{}\"", name, suffix);
      return std::nullopt;
    }
    if (!skip_to_brace(rest)) {
      // The operator is shown with the width it has, its suffix is not.
      fail("\"{{expression}}\" expected at: \"...{{{}}} {}>>>{}\"", *left_text, name, head(rest));
      return std::nullopt;
    }
    const auto right_text = take_operand(rest);
    if (!right_text) return std::nullopt;

    // Both sides are expanded and compared even where one is wrong: each may have its own warning.
    bool sound = true;
    const std::string left = expanded_operand(*left_text, sound);
    const std::string right = expanded_operand(*right_text, sound);
    const auto order = suffix.empty() ? value_order(left, right) : level_order(left, right);
    if (!order || !sound) {
      failed_ = true;
      return std::nullopt;
    }
    return holds(*relation, *order);
  }

  std::string expanded_operand(std::string_view text, bool& sound) {
    std::string outer = std::exchange(result_, {});
    failed_ = false;
    read_text(text);
    if (std::exchange(failed_, false)) sound = false;
    return std::exchange(result_, std::move(outer));
  }

  std::optional<int> value_order(const std::string& left, const std::string& right) {
    if (!all_digits(left) || !all_digits(right)) return order_of(left.compare(right), 0);
    const auto left_number = number_in(left);
    const auto right_number = left_number ? number_in(right) : std::nullopt;
    if (!right_number) return std::nullopt;
    return order_of(*left_number, *right_number);
  }

  // A number too large ends everything at once.
  std::optional<long> number_in(const std::string& digits) {
    errno = 0;
    const long number = std::strtol(digits.c_str(), nullptr, 10);
    if (errno != ERANGE) return number;
    if (fatal_.empty()) fatal_ = fmt::format("mac_exp_eval: bad conversion: {}", digits);
    return std::nullopt;
  }

  std::optional<int> level_order(const std::string& left, const std::string& right) {
    const auto left_level = level_in(left);
    const auto right_level = left_level ? level_in(right) : std::nullopt;
    if (!right_level) return std::nullopt;
    return order_of(*left_level, *right_level);
  }

  std::optional<long> level_in(const std::string& text) {
    const auto level = parse_compatibility_level(text);
    if (!level) fail("malformed compatibility level syntax: \"{}\"", text);
    return level;
  }

  const Lookup& lookup_;
  Log& log_;
  std::string result_;
  std::string fatal_;
  std::size_t work_ = 0;
  int depth_ = 0;
  bool failed_ = false;
};

}  // namespace

Result<std::string> expand(std::string_view text, const Lookup& lookup, Log& log) {
  return Expansion{lookup, log}.run(text);
}

}  // namespace scache::main_cf
