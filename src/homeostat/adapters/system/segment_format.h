// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "homeostat/adapters/system/file.h"
#include "homeostat/base/result.h"

/// The bytes of a segment: what the writer, the reader and recovery share. See segment_log.h.
namespace homeostat::system::segment {

inline constexpr std::size_t kHeader = sizeof(std::uint32_t) + sizeof(std::uint64_t);

struct Header {
    std::uint32_t length = 0;
    std::uint64_t checksum = 0;
};

void append_frame(std::string& out, std::uint64_t offset, std::string_view payload);
/// From at least kHeader bytes.
[[nodiscard]] Header read_header(std::string_view bytes);
[[nodiscard]] bool is_whole(const Header& header, std::uint64_t offset, std::string_view payload);

[[nodiscard]] std::filesystem::path path_of(const std::filesystem::path& folder, std::uint64_t base);
/// The first offsets of a folder's segments, in order; empty if there is no such folder.
[[nodiscard]] std::vector<std::uint64_t> list(const std::filesystem::path& folder);

/// How far a segment is whole.
struct Extent {
    std::uint64_t records = 0;
    std::uint64_t bytes = 0;
};
[[nodiscard]] Result<Extent> scan(const File& file, std::uint64_t base, std::uint64_t max_record);

}  // namespace homeostat::system::segment
