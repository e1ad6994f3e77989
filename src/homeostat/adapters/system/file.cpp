// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/system/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace homeostat::system {

namespace {

std::unexpected<Error> system_error(const std::filesystem::path& path, std::string_view what, int error) {
    const bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;
    return fail(full ? ErrorCode::resource_exhausted : ErrorCode::unavailable,
                fmt::format("{}: cannot {}: {}{}", path.string(), what,
                            std::generic_category().message(error), full ? "; free some space" : ""));
}

}  // namespace

Result<File> File::open(const std::filesystem::path& path, Access access) {
    constexpr ::mode_t kOwnerOnly = 0600;
    const int flags = access == Access::read ? O_RDONLY : O_RDWR | O_CREAT | O_APPEND;
    const int fd = ::open(path.c_str(), flags | O_CLOEXEC, kOwnerOnly);
    if (fd < 0) {
        if (errno == ENOENT) return fail(ErrorCode::not_found, path.string() + ": there is no such file");
        return system_error(path, "open", errno);
    }
    return File(path, fd);
}

File::~File() {
    if (fd_ >= 0) ::close(fd_);
}

std::unexpected<Error> File::failed(std::string_view what) const {
    return system_error(path_, what, errno);
}

Result<> File::lock() {
    if (::flock(fd_, LOCK_EX | LOCK_NB) == 0) return {};
    if (errno == EWOULDBLOCK) {
        return fail(ErrorCode::failed_precondition,
                    path_.string() + ": another process is using it; stop that one or choose another folder");
    }
    return failed("lock");
}

Result<> File::append(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto written = ::write(fd_, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return failed("write");
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

Result<std::size_t> File::read(std::uint64_t position, char* into, std::size_t size) const {
    std::size_t done = 0;
    while (done < size) {
        const auto got = ::pread(fd_, into + done, size - done, static_cast<::off_t>(position + done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return failed("read");
        if (got == 0) break;
        done += static_cast<std::size_t>(got);
    }
    return done;
}

Result<> File::truncate(std::uint64_t size) {
    if (::ftruncate(fd_, static_cast<::off_t>(size)) != 0) return failed("truncate");
    return {};
}

Result<> File::sync() {
    if (::fdatasync(fd_) != 0) return failed("sync");
    return {};
}

Result<std::uint64_t> File::size() const {
    struct ::stat status{};
    if (::fstat(fd_, &status) != 0) return failed("examine");
    return static_cast<std::uint64_t>(status.st_size);
}

Result<> sync_folder(const std::filesystem::path& folder) {
    const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return system_error(folder, "open", errno);
    const int result = ::fsync(fd);
    const int error = errno;
    ::close(fd);
    if (result != 0) return system_error(folder, "sync", error);
    return {};
}

Result<> replace_file(const std::filesystem::path& path, std::string_view content) {
    auto draft = path;
    draft += ".new";
    {
        HOMEOSTAT_TRY(auto file, File::open(draft, File::Access::append));
        if (auto cleared = file.truncate(0); !cleared) return cleared;
        if (auto written = file.append(content); !written) return written;
        if (auto synced = file.sync(); !synced) return synced;
    }
    std::error_code error;
    std::filesystem::rename(draft, path, error);
    if (error) return system_error(path, "replace", error.value());
    return sync_folder(path.has_parent_path() ? path.parent_path() : ".");
}

}  // namespace homeostat::system
