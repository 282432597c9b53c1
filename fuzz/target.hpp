// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

// What every fuzz target defines: one input, which must not crash it. libFuzzer calls it with
// inputs of its own making, replay_main.cpp with those that are kept in corpus/.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
