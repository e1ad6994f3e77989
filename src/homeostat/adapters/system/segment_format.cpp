// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/system/segment_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <system_error>

#include "homeostat/base/hash.h"

namespace homeostat::system::segment {

namespace {

static_assert(std::endian::native == std::endian::little, "the format is little endian");

constexpr std::size_t kNameDigits = 20;
constexpr std::string_view kExtension = ".log";

}  // namespace

void append_frame(std::string& out, std::uint64_t offset, std::string_view payload) {
    const auto length = static_cast<std::uint32_t>(payload.size());
    const auto checksum = hash64(payload, offset);
    char header[kHeader];
    std::memcpy(header, &length, sizeof length);
    std::memcpy(header + sizeof length, &checksum, sizeof checksum);
    out.append(header, kHeader).append(payload);
}

Header read_header(std::string_view bytes) {
    Header header;
    std::memcpy(&header.length, bytes.data(), sizeof header.length);
    std::memcpy(&header.checksum, bytes.data() + sizeof header.length, sizeof header.checksum);
    return header;
}

bool is_whole(const Header& header, std::uint64_t offset, std::string_view payload) {
    return payload.size() == header.length && hash64(payload, offset) == header.checksum;
}

std::filesystem::path path_of(const std::filesystem::path& folder, std::uint64_t base) {
    return folder / fmt::format("{:020}{}", base, kExtension);
}

std::vector<std::uint64_t> list(const std::filesystem::path& folder) {
    std::vector<std::uint64_t> bases;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
        const auto name = entry.path().filename().string();
        if (name.size() != kNameDigits + kExtension.size() || !name.ends_with(kExtension)) continue;
        std::uint64_t base = 0;
        const auto* digits_end = name.data() + kNameDigits;
        if (std::from_chars(name.data(), digits_end, base).ptr == digits_end) bases.push_back(base);
    }
    std::ranges::sort(bases);
    return bases;
}

Result<Extent> scan(const File& file, std::uint64_t base, std::uint64_t max_record) {
    constexpr std::size_t kChunk = std::size_t{1} << 20U;
    Extent extent;
    std::string buffer;
    std::size_t used = 0;
    // Makes `size` bytes from `used` on available; false at the end of the file.
    const auto fill = [&](std::size_t size) -> Result<bool> {
        if (buffer.size() - used >= size) return true;
        buffer.erase(0, used);
        used = 0;
        const auto kept = buffer.size();
        const auto wanted = std::max(size, kChunk);
        buffer.resize(wanted);
        HOMEOSTAT_TRY(const auto got, file.read(extent.bytes + kept, buffer.data() + kept, wanted - kept));
        buffer.resize(kept + got);
        return buffer.size() >= size;
    };
    for (;;) {
        HOMEOSTAT_TRY(const bool has_header, fill(kHeader));
        if (!has_header) return extent;
        const auto header = read_header(std::string_view(buffer).substr(used));
        if (header.length > max_record) return extent;
        HOMEOSTAT_TRY(const bool has_payload, fill(kHeader + header.length));
        if (!has_payload) return extent;
        const auto payload = std::string_view(buffer).substr(used + kHeader, header.length);
        if (!is_whole(header, base + extent.records, payload)) return extent;
        used += kHeader + header.length;
        extent.bytes += kHeader + header.length;
        ++extent.records;
    }
}

}  // namespace homeostat::system::segment
