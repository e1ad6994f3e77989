// SPDX-License-Identifier: Apache-2.0
#include "homeostat/base/hash.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <xxhash.h>

#include "homeostat/base/check.h"

namespace homeostat {

std::uint64_t hash64(std::string_view bytes, std::uint64_t seed) {
    return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

Sha256 sha256(std::string_view bytes) {
    Sha256 digest{};
    unsigned int size = 0;
    const int done = EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr);
    HOMEOSTAT_CHECK(done == 1 && size == digest.size());
    return digest;
}

std::string to_hex(const Sha256& digest) {
    std::string out;
    for (const auto byte : digest) fmt::format_to(std::back_inserter(out), "{:02x}", byte);
    return out;
}

std::string to_hex(std::uint64_t value) {
    return fmt::format("{:016x}", value);
}

}  // namespace homeostat
