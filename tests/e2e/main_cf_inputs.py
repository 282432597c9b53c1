# SPDX-License-Identifier: Apache-2.0
"""Texts of main.cf, values and options to compare two readers with: chosen ones and random ones."""

from __future__ import annotations

import random

# What the stock server needs to start on any machine: accounts that every Debian has.
BASIS = """\
mail_owner = proxy
setgid_group = operator
inet_protocols = ipv4
myhostname = host.example.org
"""
# The parameters that are printed, and names that exist only here.
NAMES = ("relayhost", "double_bounce_sender", "syslog_name", "mail_name", "multi_instance_name")
OWN_NAMES = ("own_a", "own_b", "own_c")

# Texts of main.cf, each for one thing.
TEXTS: dict[str, bytes] = {
    "empty": b"",
    "only comments": b"# nothing\n\n   \n\t# here\n",
    "plain": b"relayhost = a\n",
    "without blanks": b"relayhost=a",
    "blanks around everything": b"relayhost \t = \t a b \t \n",
    "empty value": b"relayhost =\n",
    "empty value with blanks": b"relayhost =   \t\n",
    "equal signs in the value": b"relayhost = a = b = c\n",
    "last line without newline": b"mail_name = x\nrelayhost = a",
    "continuation": b"relayhost = a\n b\n\tc\n",
    "continuation of nothing but the name": b"relayhost\n = a\n",
    "continuation of an empty value": b"relayhost =\n a\n",
    "continuation that looks like a setting": b"relayhost = a\n mail_name = b\n",
    "comment in a continuation": b"relayhost = a\n# no\n b\n",
    "indented comment in a continuation": b"relayhost = a\n  # no\n b\n",
    "empty line in a continuation": b"relayhost = a\n\n b\n",
    "blank line in a continuation": b"relayhost = a\n   \n b\n",
    "comment at the very end": b"relayhost = a\n# no",
    "number sign in a value": b"relayhost = a # b\n",
    "number sign at the head of a value": b"relayhost = #b\n",
    "white space before the first line": b"  relayhost = a\nmail_name = b\n",
    "long white space line": b"  relayhost = abcdefghijklmnopqrstuvwxyz\n more\nmail_name = b\n",
    "white space after a comment": b"# c\n relayhost = a\nmail_name = b\n",
    "duplicate": b"relayhost = a\nrelayhost = b\n",
    "duplicate with the same value": b"relayhost = a\nrelayhost =  a \n",
    "three values": b"relayhost = a\nrelayhost = b\nrelayhost = c\n",
    "no equal sign": b"relayhost\n",
    "no equal sign, blank": b"mail_name = x\nrelayhost a\n",
    "no name": b"= a\n",
    "no equal sign, continued": b"mail_name = x\nrelayhost a\n # c\n b\n",
    "line number behind comments": b"# a\n\nmail_name = x\n# b\nrelayhost\n# c\n more\n",
    "carriage returns": b"relayhost = a\r\nmail_name = b\r\n c\r\n",
    "form feed and vertical tab": b"\x0brelayhost = a\nmail_name\x0c=\x0bb\x0c\n",
    "bytes beyond ASCII": b"relayhost = \xc3\xa4 \xff\xa0\n\xa0 = b\n",
    "NUL in a value": b"relayhost = a\0b\n c\nmail_name = x\n",
    "NUL in a name": b"relay\0host = a\n",
    "NUL alone": b"\0\n",
    "NUL behind white space": b"relayhost = a\n \0b\nmail_name = x\n",
    "case of names": b"RelayHost = a\n",
    "config_directory in main.cf": b"config_directory = /a\nrelayhost = $config_directory\n",
    "own parameter": b"own = a\nrelayhost = $own-$own\n",
    "own parameter, undefined": b"relayhost = <$own>\n",
    "chain": b"own_a = $own_b\nown_b = ${own_c}\nown_c = $(own_d)\nown_d = x\nrelayhost = $own_a\n",
    "name up to the first other character": b"own = a\nrelayhost = $own.x $own-y $own/z $own_z\n",
    "recursion": b"relayhost = $relayhost\n",
    "recursion through a comparison": b"own = ${{$own} == {} ? {a} : {b}}\nrelayhost = $own\n",
    "recursion of two": b"own_a = $own_b\nown_b = $own_a\nrelayhost = $own_a\n",
    "recursion that nobody asks for": b"own_a = $own_a\nrelayhost = ${own_b?$own_a}\n",
    "long value": b"relayhost = " + b"abcdefgh " * 20000 + b"\n",
    "long line of blanks": b"relayhost = a" + b" " * 100000 + b"\n b\n",
}

# Values, each for one thing. own_a is `alpha`, own_b is empty, own_c is `7`.
VALUES: tuple[bytes, ...] = (
    b"$own_a", b"${own_a}", b"$(own_a)", b"${ own_a }", b"$( own_a)", b"${own_a }x", b"$own_ax",
    b"$$own_a", b"$$$own_a", b"$$$$own_a", b"a$$", b"$", b"a$", b"$ a", b"$-", b"${}", b"$()",
    b"${ }", b"${", b"$(", b"${own_a", b"$(own_a", b"${own_a)", b"$(own_a}", b"${own_a}}",
    b"${own_a?yes}", b"${own_b?yes}", b"${own_x?yes}", b"${own_a:no}", b"${own_b:no}",
    b"${own_x:no}", b"${own_a?}", b"${own_b:}", b"${own_a?yes:no}", b"${own_b?yes:no}",
    b"${own_a??x}", b"${own_a?:x}", b"${own_b::x}", b"${own_a? yes }", b"${own_a ?yes}",
    b"${own_a ? {yes} : {no}}", b"${own_b ? {yes} : {no}}", b"${own_a?{yes}:{no}}",
    b"${own_b?{yes}:{no}}", b"${own_a?{yes}:no}", b"${own_b?{yes}:no}", b"${own_b?{yes}: no }",
    b"${own_b?{yes}:{no}x}", b"${own_a?{yes}x}", b"${own_a?{yes} }", b"${own_a?{yes} x}",
    b"${own_a?{}:{no}}", b"${own_b?{yes}:{}}", b"${own_a?{a{b}c}:{d}}", b"${own_a?{${own_c}}:{d}}",
    b"${own_a:{no}?{yes}}", b"${own_b:{no}?{yes}}", b"$(own_a?{yes)", b"$(own_a?yes)",
    b"$(own_a?{yes}:{no})", b"$(own_a?(yes))", b"${own_a?(yes}", b"${own-a}", b"${own_a!}",
    b"${own_a b}", b"${own_a b?c}", b"${?yes}", b"${:no}", b"${own_a?$own_c$own_x}",
    b"${own_a?${own_b:${own_c?deep}}}", b"${own_a?$$}", b"${own_a?{$$own_c}:{}}",
    b"${{a} == {a}}", b"${{a} == {b}}", b"${{a}=={a}}", b"${ {a} == {a} }", b"${{a} == {a} }",
    b"${{a} == {a} ? {yes} : {no}}", b"${{a} == {b} ? {yes} : {no}}", b"${{a} == {b}?yes}",
    b"${{a} == {b}:no}", b"${{a} == {a}?yes:no}", b"${{a} != {b} ? {yes} : {no}}",
    b"${{a} < {b} ? {yes} : {no}}", b"${{a} <= {a} ? {yes} : {no}}", b"${{b} > {a}}",
    b"${{b} >= {c}}", b"${{10} < {9}}", b"${{10} > {9}}", b"${{10} == {010}}", b"${{x10} < {9}}",
    b"${{10} < {9x}}", b"${{-1} < {0}}", b"${{ 10} < {9}}", b"${{} == {}}", b"${{} < {a}}",
    b"${{9223372036854775807} > {1}}", b"${{9223372036854775808} > {1}}",
    b"${{1} > {9223372036854775808}}", b"${{9223372036854775808} > {a}}", b"${{A} < {a}}",
    b"${{\xc3\xa4} > {z}}", b"${{ab} > {a}}", b"${{$own_a} == {alpha} ? {yes} : {no}}",
    b"${{$own_x} == {} ? {yes} : {no}}", b"${{$own_c} < {10} ? {yes} : {no}}",
    b"${{${own_a?x}} == {x}}", b"${{{a}} == {{a}}}", b"${{$$a} == {$$a}}",
    b"${{a} = {a}}", b"${{a} === {a}}", b"${{a} =! {a}}", b"${{a} {a}}", b"${{a}}", b"${{a} }",
    b"${{a} ==}", b"${{a} == }", b"${{a} == b}", b"${{a} == {b}x}", b"${{a} == {b} x ? {c}}",
    b"${{a} == = {b}}", b"${{a} ~ {b}}", b"${{a} <> {b}}", b"$({a == {b})", b"$({a} == {b)",
    b"${{a} ==level {b}}", b"${{1} ==level {1.0}}", b"${{3.10} >level {3.9} ? {yes} : {no}}",
    b"${{3.6} <level {3.6.1}}", b"${{2} <=level {2}}", b"${{2} !=level {2}}", b"${{2} >=level {3}}",
    b"${{} <level {1}}", b"${{1} <level {}}", b"${{1.2.3.4} <level {1}}", b"${{+1} ==level { 1}}",
    b"${{1.1024} <level {1}}", b"${{1.1023} >level {1}}", b"${{-1} <level {1}}", b"${{a} <le {b}}",
    b"${{1} <Level {2}}", b"${{1} < level {2}}", b"${{1} <level{2} ? {yes} : {no}}",
    b"${{1}<level{2}?yes}", b"${{1} <level2 {2}}", b"${{8796093022207} >level {1}}",
    b"${{8796093022208} >level {1}}", b"${{3.} <level {1}}", b"${{3.6 } <level {4}}",
    b"${{$compatibility_level} <level {1} ? {old} : {new}}", b"$compatibility_level",
    b"${{$own_x!} == {${}}}", b"${{${} == {a}}", b"${{${own_a!}} == {${own_c!}}}",
    b"${{${own_a!}} <level {b}}", b"${own_a!} ${own_c!}", b"${own_a!} $own_c $-", b"${own_a!} ${",
    b"${own_a?${own_c!}}x", b"${own_a?{${own_c!}}x}", b"{own_a}", b"a{b}c", b"${own_a}{own_c}",
    b"${a\x0b?x}", b"${own_a\x0b}", b"${own_a\t?{x}\r:{y}}", b"${\nown_a\n}", b"$\xc3\xa4",
    b"${own_a:${own_x!}}", b"${{a} == {a} ? ${own_x!}}", b"${own_a?abcdefghijklmnopqrstuvwxyz!}",
    b"${own_a!abcdefghijklmnopqrstuvwxyz}", b"${{a} abcdefghijklmnopqrstuvwxyz {b}}",
)  # fmt: skip

OWN = b"own_a = alpha\nown_b =\nown_c = 7\n"

# Times, as values of a parameter.
TIMES: tuple[bytes, ...] = (
    b"", b"0", b"1", b"5s", b"5spam", b"1h30", b"010", b"+5", b"-1s", b"-0", b"-", b"+", b"soon",
    b"s", b"m", b"w", b"5x", b"5.5", b"2,5", b"1 s", b"1S", b"1H", b"0x10", b"often", b"0s", b"0w",
    b"2147483646", b"2147483647", b"2147483648", b"99999999999", b"99999999999999999999", b"4000w",
    b"3550w", b"3551w", b"24855d", b"24854d", b"596523h", b"596522h", b"35791394m", b"35791393m",
    b"2147483647s", b"$own_c", b"${own_c}m", b"$own_b 5", b"5$own_b", b"5 $own_b", b"$$5",
    b"$own_b\x0b5",
)  # fmt: skip

# Other options that a server looks at, with values that it takes and values that it refuses.
OPTIONS: tuple[bytes, ...] = (
    b"nonsense", b"", b"=", b"= a", b" = a", b"max_idle", b"max_idle =5", b"  max_idle  =  5  ",
    b"max_idle 5", b"{ max_idle = 5 }", b"{max_idle = 0}", b"max_idle=0", b"max_idle=$ipc_timeout",
    b"max_idle=$fork_delay", b"max_idle=$ipc_idle", b"ipc_timeout=x", b"ipc_timeout=$max_idle",
    b"ipc_timeout=0", b"daemon_timeout=0", b"daemon_timeout=$ipc_timeout", b"daemon_timeout=1y",
    b"connection_cache_status_update_time=0s", b"connection_cache_status_update_time=often",
    b"connection_cache_status_update_time=$connection_cache_ttl_limit",
    b"connection_cache_ttl_limit=$connection_cache_status_update_time",
    b"connection_cache_ttl_limit=$connection_cache_ttl_limit",
    b"smtputf8_enable=YES", b"smtputf8_enable=maybe", b"smtputf8_enable=",
    b"max_use=0", b"max_use=x",
    b"max_use=", b"max_use=1x", b"max_use=-1", b"max_use=2147483648", b"max_use= 5", b"max_use=+5",
    b"syslog_facility=", b"syslog_facility=nobody", b"syslog_facility=Mail",
    b"syslog_facility=local7", b"syslog_facility=kern", b"syslog_facility=authpriv",
    b"syslog_facility=security", b"syslog_facility=ftp", b"syslog_facility=$process_name",
    b"syslog_name=", b"syslog_name=$own_x", b"syslog_name=${", b"syslog_name=$syslog_name",
    b"multi_instance_name=${own_x!}", b"compatibility_level=x", b"compatibility_level=",
    b"compatibility_level=3.6", b"compatibility_level=3.6.1.2", b"compatibility_level=99",
    b"mail_owner=", b"mail_owner=nobody-has-this-name", b"mail_owner=root", b"mail_owner=$own_a",
    b"queue_directory=", b"postlog_service_name=", b"maillog_file=/elsewhere",
    b"maillog_file_prefixes=",
    b"mydomain=", b"mydomain=a.", b"mydomain=a..b", b"mydomain=-a", b"mydomain=a-",
    b"mydomain=a-.b",
    b"mydomain=1.2", b"mydomain=1a", b"mydomain=a_b", b"mydomain=a b", b"mydomain=a\xffb",
    b"mydomain=$myhostname", b"myhostname=", b"myhostname=short", b"myhostname=.a",
    b"myhostname=a-b.c",
    b"myhostname=" + b"a" * 63 + b".b", b"myhostname=" + b"a" * 64 + b".b",
    b"myhostname=" + b"a" * 62 + b"-b.c", b"myhostname=" + b"ab." * 84 + b"abc",
    b"myhostname=" + b"ab." * 85 + b"a", b"myhostname=$mydomain", b"mail_owner=$mail_name",
)  # fmt: skip

# Values that only a server's order of reading makes interesting.
REFERENCES: tuple[bytes, ...] = tuple(
    b"<$" + name + b">"
    for name in (
        b"syslog_name", b"mail_name", b"mail_version", b"mail_release_date", b"process_name",
        b"service_name", b"config_directory", b"queue_directory", b"mydomain", b"myorigin",
        b"mydestination", b"relay_domains", b"fast_flush_domains", b"smtputf8_enable",
        b"soft_bounce",
        b"max_use", b"max_idle", b"ipc_ttl", b"message_size_limit", b"daemon_timeout",
        b"connection_cache_status_update_time", b"mynetworks_style", b"import_environment",
        b"smtp_connection_cache_time_limit", b"parent_domain_matches_subdomains", b"in_flow_delay",
        b"berkeley_db_read_buffer_size", b"default_process_limit", b"enable_original_recipient",
        b"known_tcp_ports", b"maillog_file_rotate_suffix", b"alias_database", b"meta_directory",
        b"line_length_limit", b"recipient_delimiter", b"default_verp_delimiters",
        b"shlib_directory",
    )
)  # fmt: skip


def nested(levels: int) -> bytes:
    """Parameters that refer to each other so many levels deep."""
    chain = b"".join(b"own_%d = $own_%d\n" % (i, i + 1) for i in range(levels))
    return chain + b"own_%d = x\nrelayhost = $own_0\n" % levels


# A text per value, so that an error in one hides nothing of another.
def value_texts() -> dict[str, bytes]:
    """main.cf texts with one value each."""
    found = {f"value {value!r}": OWN + b"relayhost = " + value + b"\n" for value in VALUES}
    found |= {f"{levels} levels": nested(levels) for levels in (97, 98, 99, 100, 101, 102)}
    return found


class Chance:
    """Random texts of main.cf, the same ones in every run."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def value(self, names: tuple[str, ...], depth: int = 3) -> str:
        """A value that makes sense, mostly."""
        count = self.random.choice((0, 1, 1, 1, 2, 3))
        return "".join(self.piece(names, depth) for _ in range(count))

    def piece(self, names: tuple[str, ...], depth: int) -> str:
        """One literal or one reference."""
        words = ("a", "b", "alpha", "7", "10", "3.6", "3.10", " ", ", ", "$$", "x=y", "{b}", "a:b?")
        if depth == 0 or self.random.random() < 0.35:
            return self.random.choice(words)
        name = self.random.choice((*names, "own_x"))
        one, two = self.value(names, depth - 1), self.value(names, depth - 1)
        blank = self.random.choice(("", "", " ", "\t"))
        comparison = f"{{{one}}}{blank}{self.operator()}{blank}{{{two}}}"
        return self.random.choice((
            f"${name}", f"${{{name}}}", f"$({name})", f"${{{blank}{name}{blank}}}",
            f"${{{name}?{one}}}", f"${{{name}:{one}}}", f"$({name}?{one})",
            f"${{{name}{blank}?{blank}{{{one}}}{blank}:{blank}{{{two}}}}}",
            f"${{{name}?{{{one}}}:{two}}}", f"${{{comparison}}}", f"${{{comparison}?{{a}}:{{b}}}}",
            f"${{{comparison}{blank}?{blank}{{{one}}}{blank}:{blank}{{{two}}}}}",
            f"${{{comparison}:{one}}}",
        ))  # fmt: skip

    def operator(self) -> str:
        """An operator of a comparison."""
        suffix = self.random.choice(("", "", "", "level"))
        return self.random.choice(("==", "!=", "<", "<=", ">=", ">")) + suffix

    def damaged(self, text: str, chance: float) -> str:
        """The text with a character too many, too few or in the wrong place."""
        while text and self.random.random() < chance:
            at = self.random.randrange(len(text))
            added = self.random.choice(("", *"${}()?:=<>!# \tal7\n\0\x80", "\n ", "\n#"))
            text = text[:at] + added + text[at + self.random.randrange(2) :]
        return text

    def settings(self) -> str:
        """A whole main.cf. What refers to an own name stands above it, so that nothing recurs."""
        found = []
        for name in NAMES:
            if self.random.random() < 0.6:
                names = OWN_NAMES if name == "mail_name" else (*OWN_NAMES, "mail_name")
                found.append(self.setting(name, self.value(names)))
        for index, name in enumerate(OWN_NAMES):
            if self.random.random() < 0.8:
                found.append(self.setting(name, self.value(OWN_NAMES[index + 1 :], 2)))
        for _ in range(self.random.randrange(4)):
            noise = self.random.choice(("", "  ", "# c", "\t# c = d", " more", "\tmore $own_c"))
            found.insert(self.random.randrange(len(found) + 1), noise)
        return self.damaged("\n".join(found) + self.random.choice(("\n", "\n", "")), 0.3)

    def setting(self, name: str, value: str) -> str:
        """One setting, perhaps over several lines."""
        if value and self.random.random() < 0.3:
            at = self.random.randrange(len(value))
            between = self.random.choice(("\n ", "\n\t", "\n# c\n ", "\n\n  ", "\r\n "))
            value = value[:at] + between + value[at:]
        return name + self.random.choice((" = ", "=", " =", "\t=  ")) + value
