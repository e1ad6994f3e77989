// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace homeostat {

/// XXH3 with 64 bits: fast and not secure. For deduplication, sharding and comparing runs.
[[nodiscard]] std::uint64_t hash64(std::string_view bytes, std::uint64_t seed = 0);

/// SHA-256 (FIPS 180-4): for what must not be forged, such as the audit chain.
using Sha256 = std::array<std::uint8_t, 32>;
[[nodiscard]] Sha256 sha256(std::string_view bytes);

[[nodiscard]] std::string to_hex(const Sha256& digest);
[[nodiscard]] std::string to_hex(std::uint64_t value);

}  // namespace homeostat
