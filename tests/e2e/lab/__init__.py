"""What live tests stand on: Debian's Postfix unpacked, private instances of it, mail servers."""
