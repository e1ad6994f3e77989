// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/actuate/spawn/spawn.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace homeostat::actuate {
namespace {

/// Everything that the child needs, made before the fork: after it only async-signal-safe calls are
/// allowed, as another thread may have held the allocator's lock.
struct Prepared {
    std::vector<char*> argv;
    std::vector<char*> envp;
    int null_device = -1;
    int failure_pipe = -1;  // the child's errno goes here when it cannot become the program
    pid_t parent = 0;
    int descriptors_above = 0;  // first number beyond all that the child shall have
};

/// `first` may be null.
std::vector<char*> pointers(const std::vector<std::string>& texts, const std::string* first) {
    std::vector<char*> result;
    // execve does not write to its arguments; its signature predates const.
    const auto add = [&](const std::string& text) { result.push_back(const_cast<char*>(text.c_str())); };
    if (first != nullptr) add(*first);
    std::ranges::for_each(texts, add);
    result.push_back(nullptr);
    return result;
}

/// Moves our descriptor out of the range of the child's numbers, so that no dup2 overwrites a source.
int moved_up(int fd, int above) {
    return ::fcntl(fd, F_DUPFD_CLOEXEC, above);
}

/// By number: glibc 2.36 declares the function without C linkage.
FileDescriptor open_pidfd(pid_t pid) {
    return FileDescriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
}

bool install_descriptors(const SpawnSpec& spec, const Prepared& prepared) {
    for (int standard = 0; standard <= 2; ++standard) {
        if (::dup2(prepared.null_device, standard) < 0) return false;
    }
    for (const auto& [number, source] : spec.descriptors) {
        if (::dup2(source, number) < 0) return false;  // the copy has no close-on-exec flag
    }
    return true;
}

bool become_child(const SpawnSpec& spec, const Prepared& prepared) {
    if (::setpgid(0, 0) != 0) return false;
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return false;
    if (::getppid() != prepared.parent) return false;  // the parent died before the line above
    for (const auto& [resource, value] : spec.limits) {
        const rlimit limit{value, value};
        if (::setrlimit(resource, &limit) != 0) return false;
    }
    if (!spec.directory.empty() && ::chdir(spec.directory.c_str()) != 0) return false;
    if (!install_descriptors(spec, prepared)) return false;

    sigset_t none;
    sigemptyset(&none);
    return ::pthread_sigmask(SIG_SETMASK, &none, nullptr) == 0;
}

void reset_signal_handlers() {
    for (int number = 1; number < NSIG; ++number)
        ::signal(number, SIG_DFL);  // an ignored one would be inherited
}

[[noreturn]] void run_child(const SpawnSpec& spec, const Prepared& prepared) {
    reset_signal_handlers();
    if (become_child(spec, prepared)) {
        ::close_range(static_cast<unsigned>(prepared.descriptors_above), ~0U, CLOSE_RANGE_CLOEXEC);
        ::execve(spec.program.c_str(), prepared.argv.data(), prepared.envp.data());
    }
    const int error = errno;
    const auto written = ::write(prepared.failure_pipe, &error, sizeof error);
    ::_exit(written == sizeof error ? 127 : 126);
}

std::unexpected<Error> spawn_error(const SpawnSpec& spec, int error) {
    ErrorCode code = ErrorCode::resource_exhausted;
    if (error == ENOENT || error == ENOTDIR) code = ErrorCode::not_found;
    if (error == EACCES || error == EPERM || error == ENOEXEC) code = ErrorCode::permission_denied;
    const char* reason = std::strerror(error);  // NOLINT(concurrency-mt-unsafe): glibc's is safe
    return fail(code, "cannot run '" + spec.program + "': " + reason);
}

/// Our descriptors for the child, moved above all of its numbers; kept open until the fork is done.
Result<std::vector<FileDescriptor>> move_sources(SpawnSpec& spec, int above) {
    std::vector<FileDescriptor> moved;
    for (auto& [number, source] : spec.descriptors) {
        auto& copy = moved.emplace_back(moved_up(source, above));
        if (!copy.is_open()) return spawn_error(spec, errno);
        source = copy.get();
    }
    return moved;
}

/// Waits until the child has become the program, which closes the pipe, or has said why it cannot.
Result<Child> confirmed(Child child, const SpawnSpec& spec, const FileDescriptor& failure) {
    int error = child.pidfd.is_open() ? 0 : errno;
    if (error != 0) {
        signal_group(child, SIGKILL);
    } else {
        while (::read(failure.get(), &error, sizeof error) < 0 && errno == EINTR) {
        }
    }
    if (error == 0) return child;
    reap(child);
    return spawn_error(spec, error);
}

}  // namespace

std::string to_string(const Exit& exit) {
    return exit.signal != 0 ? "signal " + std::to_string(exit.signal) : "exit " + std::to_string(exit.code);
}

Result<Child> spawn(const SpawnSpec& wanted) {
    SpawnSpec spec = wanted;
    int above = 3;
    for (const auto& [number, source] : spec.descriptors) above = std::max(above, number + 1);
    HOMEOSTAT_TRY([[maybe_unused]] const auto sources, move_sources(spec, above));

    int ends[2] = {-1, -1};
    if (::pipe2(ends, O_CLOEXEC) != 0) return spawn_error(spec, errno);
    const FileDescriptor failure(ends[0]);
    FileDescriptor low_end(ends[1]);
    FileDescriptor report(moved_up(low_end.get(), above));
    low_end.reset();
    const FileDescriptor low_null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    const FileDescriptor null_device(moved_up(low_null.get(), above));
    if (!report.is_open() || !null_device.is_open()) return spawn_error(spec, errno);

    const Prepared prepared{.argv = pointers(spec.args, &spec.program),
                            .envp = pointers(spec.environment, nullptr),
                            .null_device = null_device.get(),
                            .failure_pipe = report.get(),
                            .parent = ::getpid(),
                            .descriptors_above = above};
    const pid_t pid = ::fork();
    if (pid == 0) run_child(spec, prepared);
    if (pid < 0) return spawn_error(spec, errno);
    ::setpgid(pid, pid);  // both sides set it, so that neither has to wait for the other
    report.reset();
    return confirmed({.pid = pid, .pidfd = open_pidfd(pid)}, spec, failure);
}

void signal_group(const Child& child, int signal) {
    ::kill(-child.pid, signal);
}

Exit reap(const Child& child) {
    siginfo_t info{};
    // The id stays reserved until the second wait, so the group that is killed is still the child's.
    while (::waitid(P_PID, static_cast<id_t>(child.pid), &info, WEXITED | WNOWAIT) != 0 && errno == EINTR) {
    }
    signal_group(child, SIGKILL);
    while (::waitid(P_PID, static_cast<id_t>(child.pid), &info, WEXITED) != 0 && errno == EINTR) {
    }
    if (info.si_code == CLD_EXITED) return {.code = info.si_status, .signal = 0};
    return {.code = 0, .signal = info.si_status};
}

}  // namespace homeostat::actuate
