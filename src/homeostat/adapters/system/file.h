// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string_view>
#include <utility>

#include "homeostat/base/result.h"

namespace homeostat::system {

/// An open file, closed at the end of its life and in child programs. Errors name the path and what the
/// system said: `resource_exhausted` for a full disk, quota or file size, else `unavailable`.
class File {
public:
    enum class Access : std::uint8_t {
        read,    // must exist
        append,  // made if it does not exist, for its owner only
    };
    [[nodiscard]] static Result<File> open(const std::filesystem::path& path, Access access);

    File() = default;
    File(File&& other) noexcept : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)) {}
    File& operator=(File&& other) noexcept {
        std::swap(path_, other.path_);
        std::swap(fd_, other.fd_);
        return *this;
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    ~File();

    [[nodiscard]] bool is_open() const { return fd_ >= 0; }

    /// Takes the file for this process alone, until it is closed. Errors: `failed_precondition` if another
    /// process has it.
    [[nodiscard]] Result<> lock();

    /// Writes all of `bytes` at the end; on error a part of them may have been written.
    [[nodiscard]] Result<> append(std::string_view bytes);
    /// Reads up to `size` bytes from `position`; fewer only at the end of the file.
    [[nodiscard]] Result<std::size_t> read(std::uint64_t position, char* into, std::size_t size) const;
    [[nodiscard]] Result<> truncate(std::uint64_t size);
    /// Waits until everything written is on the disk.
    [[nodiscard]] Result<> sync();
    [[nodiscard]] Result<std::uint64_t> size() const;

private:
    File(std::filesystem::path path, int fd) : path_(std::move(path)), fd_(fd) {}

    [[nodiscard]] std::unexpected<Error> failed(std::string_view what) const;

    std::filesystem::path path_;
    int fd_ = -1;
};

/// Makes the names in a folder durable: what was created, renamed or removed.
[[nodiscard]] Result<> sync_folder(const std::filesystem::path& folder);

/// Replaces a small file at once and durably: a crash leaves the old content or the new one.
[[nodiscard]] Result<> replace_file(const std::filesystem::path& path, std::string_view content);

}  // namespace homeostat::system
