// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/actuate/process/local_socket.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "homeostat/adapters/actuate/process/protocol.h"

namespace homeostat::actuate {
namespace {

/// Waits until `fd` is ready. Errors: `deadline_exceeded`.
Result<> wait_ready(int fd, short events, SteadyDeadline deadline) {
    for (;;) {
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
        pollfd ready{.fd = fd, .events = events, .revents = 0};
        const int count =
            ::poll(&ready, 1, static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 3'600'000)));
        if (count > 0) return {};
        if (count == 0) return fail(ErrorCode::deadline_exceeded, "the supervisor did not answer in time");
        if (errno != EINTR) return fail(ErrorCode::unavailable, "cannot wait for the supervisor");
    }
}

std::unexpected<Error> hung_up() {
    return fail(ErrorCode::unavailable, "the supervisor hung up");
}

}  // namespace

Result<LocalSocket> LocalSocket::connect(const std::string& path) {
    const auto unreachable = [&](const char* why) {
        return fail(ErrorCode::unavailable, "no supervisor on '" + path + "' (" + why + "): is it running?");
    };
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return unreachable("the path is too long");
    std::ranges::copy(path, address.sun_path);
    FileDescriptor fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd.is_open()) return unreachable("no descriptor is left");
    // A full backlog answers at once with EAGAIN, so this never blocks.
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        return unreachable(std::strerror(errno));  // NOLINT(concurrency-mt-unsafe): glibc's is safe
    }
    return LocalSocket(std::move(fd));
}

Result<> LocalSocket::send_line(std::string_view text, SteadyDeadline deadline) {
    const std::string line = std::string(text) + "\n";
    for (std::string_view left = line; !left.empty();) {
        if (auto ready = wait_ready(fd_.get(), POLLOUT, deadline); !ready) return ready;
        const auto sent = ::send(fd_.get(), left.data(), left.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN && errno != EINTR) return hung_up();
        if (sent > 0) left.remove_prefix(static_cast<std::size_t>(sent));
    }
    return {};
}

Result<std::string> LocalSocket::read_line(SteadyDeadline deadline) {
    for (;;) {
        if (const auto end = received_.find('\n'); end != std::string::npos) {
            auto line = received_.substr(0, end);
            received_.erase(0, end + 1);
            return line;
        }
        if (received_.size() > kLineBytesMax) {
            return fail(ErrorCode::resource_exhausted, "the supervisor's line does not end");
        }
        if (auto ready = wait_ready(fd_.get(), POLLIN, deadline); !ready)
            return std::unexpected(ready.error());
        char buffer[4096];
        const auto count = ::recv(fd_.get(), buffer, sizeof buffer, 0);
        if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) return hung_up();
        if (count > 0) received_.append(buffer, static_cast<std::size_t>(count));
    }
}

void LocalSocket::shut_down() const {
    ::shutdown(fd_.get(), SHUT_RDWR);
}

}  // namespace homeostat::actuate
