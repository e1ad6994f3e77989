// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/actuate/spawn/spawn.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <csignal>

namespace homeostat::actuate {
namespace {

struct Output {
    std::string text;
    Exit exit;
};

/// Runs `script` with its standard output in a pipe, to its end.
Output run_shell(const std::string& script, SpawnSpec spec = {}) {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const FileDescriptor reading(ends[0]);
    FileDescriptor writing(ends[1]);
    spec.program = "/bin/sh";
    spec.args = {"-c", script};
    spec.descriptors.emplace_back(STDOUT_FILENO, writing.get());
    const auto child = spawn(spec);
    EXPECT_TRUE(child.has_value());
    writing.reset();
    Output output;
    char buffer[4096];
    for (ssize_t n = 0; (n = ::read(reading.get(), buffer, sizeof buffer)) > 0;) {
        output.text.append(buffer, static_cast<std::size_t>(n));
    }
    output.exit = reap(*child);
    return output;
}

TEST(Spawn, TellsHowAProcessEnded) {
    EXPECT_EQ(to_string(run_shell("exit 3").exit), "exit 3");
    EXPECT_EQ(to_string(run_shell("kill -9 $$").exit), "signal 9");
}

TEST(Spawn, PassesArgumentsAsTheyAre) {
    SpawnSpec spec;
    EXPECT_EQ(run_shell("printf '%s' '$HOME; rm -rf /'").text, "$HOME; rm -rf /");
}

TEST(Spawn, GivesTheChildOnlyTheEnvironmentAskedFor) {
    ASSERT_EQ(::setenv("SPAWN_TEST_SECRET", "x", 1), 0);
    const auto output = run_shell("echo \"$SPAWN_TEST_SECRET,$WANTED\"", {.environment = {"WANTED=y"}});
    EXPECT_EQ(output.text, ",y\n");
}

TEST(Spawn, GivesTheChildNoDescriptorOfOurs) {
    const FileDescriptor ours(::open("/dev/null", O_RDONLY));  // without close-on-exec
    const auto output = run_shell("ls /proc/self/fd | wc -l");
    EXPECT_EQ(output.text, "4\n");  // 0, 1, 2 and the one that ls reads the folder with
}

TEST(Spawn, KeepsSwappedDescriptorsApart) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const FileDescriptor reading(ends[0]);
    FileDescriptor writing(ends[1]);
    const auto child =
        spawn({.program = "/bin/sh",
               .args = {"-c", "echo hello >&" + std::to_string(reading.get())},
               .descriptors = {{reading.get(), writing.get()}, {writing.get(), reading.get()}}});
    ASSERT_TRUE(child.has_value());
    writing.reset();
    char buffer[8] = {};
    EXPECT_EQ(::read(reading.get(), buffer, sizeof buffer), 6);
    reap(*child);
}

TEST(Spawn, SaysWhyAProgramCannotRun) {
    const auto missing = spawn({.program = "/nowhere/tool"});
    ASSERT_FALSE(missing.has_value());
    EXPECT_EQ(missing.error().code, ErrorCode::not_found);
    EXPECT_NE(missing.error().message.find("/nowhere/tool"), std::string::npos);
    const auto no_program = spawn({.program = "/etc/passwd"});
    ASSERT_FALSE(no_program.has_value());
    EXPECT_EQ(no_program.error().code, ErrorCode::permission_denied);
}

TEST(Spawn, AppliesLimits) {
    const auto output = run_shell("ulimit -n", {.limits = {{RLIMIT_NOFILE, 17}}});
    EXPECT_EQ(output.text, "17\n");
}

TEST(Spawn, KillsAStoppedProcessAndItsChildren) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const FileDescriptor reading(ends[0]);
    FileDescriptor writing(ends[1]);
    const auto child = spawn({.program = "/bin/sh",
                              .args = {"-c", "sleep 1000 & wait"},
                              .descriptors = {{STDOUT_FILENO, writing.get()}}});
    ASSERT_TRUE(child.has_value());
    writing.reset();
    signal_group(*child, SIGSTOP);
    signal_group(*child, SIGKILL);
    pollfd ended{.fd = child->pidfd.get(), .events = POLLIN, .revents = 0};
    ASSERT_EQ(::poll(&ended, 1, 5000), 1);
    EXPECT_EQ(reap(*child).signal, SIGKILL);
    pollfd closed{.fd = reading.get(), .events = 0, .revents = 0};
    EXPECT_EQ(::poll(&closed, 1, 5000), 1);  // nobody holds the other end any more
}

}  // namespace
}  // namespace homeostat::actuate
