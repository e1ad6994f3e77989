// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/system/segment_log.h"

#include <stdlib.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "homeostat/base/check.h"

namespace {

/// In memory where there is such a place: a torn end is kept durably, and a disk takes its time for that.
struct Folder {
    std::filesystem::path path = [] {
        const std::filesystem::path memory = "/dev/shm";
        const auto parent =
            std::filesystem::is_directory(memory) ? memory : std::filesystem::temp_directory_path();
        auto name = (parent / "homeostat-fuzz-XXXXXX").string();
        return std::filesystem::path(::mkdtemp(name.data()));
    }();
    Folder() = default;
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
    }
};

}  // namespace

/// Any bytes where a segment should be: opening cuts them to whole records, and all of these can be read.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const Folder kFolder;
    std::ofstream(kFolder.path / "00000000000000000000.log", std::ios::binary)
        .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
    const auto log = homeostat::system::SegmentLog::open(kFolder.path, {.durable = false});
    HOMEOSTAT_CHECK(log.has_value());
    auto reader = log->read(0);
    HOMEOSTAT_CHECK(reader.has_value());
    for (std::uint64_t i = 0; i < log->end(); ++i) {
        const auto record = reader->next();
        HOMEOSTAT_CHECK(record && *record);
    }
    return 0;
}
