// SPDX-License-Identifier: Apache-2.0
// Headers of others that many tests include.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "precompiled/rooms.hpp"
