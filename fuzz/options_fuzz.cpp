// SPDX-License-Identifier: Apache-2.0
// The command line, a word to a line of the input, held against what getopt(3) makes of it.
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "main_cf/file.hpp"
#include "postfix/options.hpp"
#include "require.hpp"
#include "target.hpp"

namespace scache::fuzz {
namespace {

using postfix::Options;

// Enters an option; false where its value is no good.
bool enter(Options& options, char letter, const char* value) {
  switch (letter) {
    case 'c':
      options.chroot = true;
      return true;
    case 'd':
      options.from_terminal = true;
      return true;
    case 'D':
      options.debugger = true;
      return true;
    case 'i':
      options.settings.emplace_back("max_idle", value);
      return true;
    case 'l':
      options.alone = true;
      return true;
    case 'm':
      options.settings.emplace_back("max_use", value);
      return true;
    case 'n':
      options.service_name = value;
      return true;
    case 'o': {
      const auto setting = main_cf::split_name_value(value);
      if (setting) options.settings.emplace_back(setting->name, setting->value);
      return setting.has_value();
    }
    case 's':
      options.sockets = std::atoi(value);
      return options.sockets > 0;
    case 'S':
      options.one_client = true;
      return true;
    case 't':
      options.transport = value;
      return true;
    case 'u':
      options.drop_privileges = true;
      return true;
    case 'v':
      ++options.verbosity;
      return true;
    case 'V':
      options.log_to_stderr = true;
      return true;
    case 'z':
      options.unlimited = true;
      return true;
    default:
      return false;
  }
}

bool read_with_getopt(const std::vector<const char*>& words, Options& options) {
  std::vector<char*> argv;
  for (const char* word : words) argv.push_back(const_cast<char*>(word));
  argv.push_back(nullptr);
  const int count = static_cast<int>(words.size());
  ::optind = 0;
  ::opterr = 0;
  for (;;) {
    const int letter = ::getopt(count, argv.data(), "+cdDi:lm:n:o:s:St:uvVz");
    if (letter < 0) break;
    if (!enter(options, static_cast<char>(letter), ::optarg)) return false;
  }
  for (int i = ::optind; i < count; ++i)
    options.arguments.emplace_back(argv[static_cast<std::size_t>(i)]);
  return true;
}

void require_same(const Options& a, const Options& b) {
  require(a.chroot == b.chroot && a.from_terminal == b.from_terminal, "-c and -d are the same");
  require(a.debugger == b.debugger && a.alone == b.alone, "-D and -l are the same");
  require(a.one_client == b.one_client && a.drop_privileges == b.drop_privileges, "-S, -u too");
  require(a.verbosity == b.verbosity && a.log_to_stderr == b.log_to_stderr, "-v and -V too");
  require(a.unlimited == b.unlimited && a.transport == b.transport, "-z and -t too");
  require(a.service_name == b.service_name && a.settings == b.settings, "-n and -o too");
  require(a.sockets == b.sockets && a.arguments == b.arguments, "-s and what follows too");
}

void run(std::string_view input) {
  std::vector<std::string> texts{"/usr/lib/postfix/sbin/scache"};
  // A word holds no NUL.
  const std::string whole{input.substr(0, input.find('\0'))};
  for (std::size_t at = 0; at < whole.size();) {
    const std::size_t end = std::min(whole.find('\n', at), whole.size());
    texts.push_back(whole.substr(at, end - at));
    at = end + 1;
  }
  std::vector<const char*> words;
  for (const std::string& text : texts) words.push_back(text.c_str());

  Options options;
  const auto understood = options.read(words);
  require(options.process_name == "scache", "the program's name is the last part");
  Options expected;
  expected.service_name = "scache";
  require(read_with_getopt(words, expected) == understood.has_value(), "getopt thinks the same");
  if (understood) {
    require_same(options, expected);
    const auto service = options.check_service();
    require(service || !service.error().text.empty(), "an error has a text");
  } else {
    require(!understood.error().text.empty(), "an error has a text");
  }
}

}  // namespace
}  // namespace scache::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  scache::fuzz::run({reinterpret_cast<const char*>(data), size});
  return 0;
}
