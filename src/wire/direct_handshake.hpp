#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/rooms.hpp"
#include "wire/attribute_reader.hpp"

// How a connection changes from Postfix's way to the direct protocol (docs/protocol.md): one
// attribute request and its answer.
namespace scache::wire::direct {

// The request's name.
inline constexpr std::string_view kDirect = "direct";
inline constexpr std::string_view kCapabilities = "save find bind drop list statistics ping cancel";

// Of a list whose first string is kDirect: the version to speak, or nothing if there is none.
std::optional<std::uint32_t> agreed_version(const AttributeReader& list) noexcept;

// The server's answer, and the client's request.
void put_agreement(std::string& out, std::uint32_t version);
void put_wish(std::string& out);
// Of the answer, a list of which `status` was the wanted name: the version that the server speaks
// from here on, or nothing where it stays in Postfix's way.
std::optional<std::uint32_t> version_of_answer(const AttributeReader& list) noexcept;

}  // namespace scache::wire::direct
