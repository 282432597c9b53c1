// SPDX-License-Identifier: Apache-2.0
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
// A name is replaced by its value, which is expanded in turn; a name without a value is replaced by
// nothing. `?` selects its result if the value is not empty, `:` if it is empty or missing; the
// test uses the value before its expansion. A result without braces extends to the end and includes
// `:`, so a choice between two results needs braces around the first. A comparison is numerical if
// both sides consist of digits, and otherwise of bytes; with `level` after the operator it compares
// compatibility levels (`3.6`). Without a choice its result is the word `true` or empty.
//
// A syntax error causes a warning with `>>>` before its position. Parsing continues if it may find
// another error, but replaces nothing more. The limits apply to an expansion as a whole, including
// its comparisons.
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

// The white space after an operand: fewer characters than isspace(3) accepts.
constexpr std::string_view kBlanks = " \t\r\n";
// All characters of operators, so that a message contains the whole of a wrong one.
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

// Whether `relation` holds between two values; `order` is the sign of their difference.
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

// The beginning of unparsable text, as much as a message shows.
std::string_view head(std::string_view text) {
  return text.substr(0, 20);
}

// Moves `text` to the `{` after its blanks. If there is none, returns false and does not move it.
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
  // Level counts the nesting depth, and fails at the maximum.
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
    // A fatal error suppresses further warnings.
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

  // The contents of a reference, without its brackets. Nothing if parsing cannot continue.
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

  // The position of the bracket that closes the first character of `text`.
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
    // A copy, since the caller owns the value and may change it.
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

  // The name at the start of `inner`. `rest` is empty afterwards, or begins with `?` or `:`.
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

  // Parses `?` or `:` and the rest. Expands only the selected result.
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

  // The text inside the braces at the start of `rest`. Skips the blanks after them.
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

  // The value of the comparison at the start of `rest`; nothing after an error.
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
      // As in Postfix, the message shows the operator without its suffix.
      fail("\"{{expression}}\" expected at: \"...{{{}}} {}>>>{}\"", *left_text, name, head(rest));
      return std::nullopt;
    }
    const auto right_text = take_operand(rest);
    if (!right_text) return std::nullopt;

    // Expand and compare both sides even if one is wrong: each may have a warning of its own.
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

  // A number that is too large is fatal.
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
