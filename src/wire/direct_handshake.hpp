// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/rooms.hpp"
#include "wire/attribute_reader.hpp"
#include "wire/direct_reply.hpp"

// The request by which a stream changes from the Postfix protocol to the direct protocol, and its
// reply (docs/protocol.md).
namespace scache::wire::direct {

// The request's name.
inline constexpr std::string_view kDirect = "direct";
inline constexpr std::string_view kCapabilities = "save find bind drop list statistics ping cancel";

// The greeting of a server that does not serve the client: the greeting with an error of the direct
// protocol. The server closes the stream then.
void put_denial(std::string& out, const ErrorReply& error);
// The error in a greeting that was read with `protocol` as the wanted name; empty if there is none.
std::optional<ErrorReply> denial_in(const AttributeReader& greeting) noexcept;

// The version for the reply to a request for the direct protocol; empty if the request has no valid
// version. The first string of the list must be kDirect.
std::optional<std::uint32_t> agreed_version(const AttributeReader& list) noexcept;

// The reply of the server, and the request of the client.
void put_agreement(std::string& out, std::uint32_t version);
void put_wish(std::string& out);
// The version in a reply that was read with `status` as the wanted name; empty if the stream stays
// in the Postfix protocol.
std::optional<std::uint32_t> version_of_answer(const AttributeReader& list) noexcept;

}  // namespace scache::wire::direct
