// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <unistd.h>

#include <utility>

namespace homeostat::actuate {

/// Owns an open file descriptor, or none.
class FileDescriptor {
public:
    FileDescriptor() = default;
    explicit FileDescriptor(int fd) : fd_(fd) {}
    FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, kNone)) {}
    FileDescriptor& operator=(FileDescriptor&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    FileDescriptor(const FileDescriptor&) = delete;
    FileDescriptor& operator=(const FileDescriptor&) = delete;
    ~FileDescriptor() { reset(); }

    [[nodiscard]] int get() const noexcept { return fd_; }
    [[nodiscard]] bool is_open() const noexcept { return fd_ != kNone; }
    /// Gives the ownership away.
    [[nodiscard]] int release() noexcept { return std::exchange(fd_, kNone); }
    void reset() noexcept {
        if (fd_ != kNone) ::close(std::exchange(fd_, kNone));
    }

private:
    static constexpr int kNone = -1;
    int fd_ = kNone;
};

}  // namespace homeostat::actuate
