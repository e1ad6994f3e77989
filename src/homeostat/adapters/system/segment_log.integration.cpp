// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/system/segment_log.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>

namespace homeostat::system {
namespace {

/// Appends numbered records for ever and reports, on a pipe, the end of the log after each commit.
[[noreturn]] void write_until_killed(const std::filesystem::path& folder, int report) {
    auto log = SegmentLog::open(folder, {.segment = Bytes{100'000}, .durable = false});
    if (!log) ::_exit(1);
    for (std::uint64_t next = log->end();; ++next) {
        if (!log->append(std::to_string(next) + std::string(next % 700, '.'))) ::_exit(2);
        if (next % 5 != 0) continue;
        if (!log->commit()) ::_exit(3);
        const auto end = log->end();
        if (::write(report, &end, sizeof end) != sizeof end) ::_exit(4);
    }
}

/// Kills a writer after it has reported `commits` times; returns the last end it reported.
Offset kill_after(const std::filesystem::path& folder, int commits) {
    int pipe[2];
    if (::pipe(pipe) != 0) return 0;
    const auto child = ::fork();
    if (child == 0) {
        ::close(pipe[0]);
        write_until_killed(folder, pipe[1]);
    }
    ::close(pipe[1]);
    Offset reported = 0;
    for (int i = 0; i < commits; ++i) {
        if (::read(pipe[0], &reported, sizeof reported) != sizeof reported) break;
    }
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    // What it reported between our last reading and its death counts as well.
    for (Offset more = 0; ::read(pipe[0], &more, sizeof more) == sizeof more;) reported = more;
    ::close(pipe[0]);
    return reported;
}

TEST(SegmentLog, LosesNothingThatWasCommittedWhenItsWriterIsKilled) {
    auto name = (std::filesystem::temp_directory_path() / "homeostat-kill-XXXXXX").string();
    const std::filesystem::path folder = ::mkdtemp(name.data());
    for (int round = 1; round <= 20; ++round) {
        const auto reported = kill_after(folder, 37 * round);
        ASSERT_GT(reported, 0U);
        auto log = SegmentLog::open(folder);
        ASSERT_TRUE(log) << log.error().message;
        EXPECT_GE(log->end(), reported);
        auto reader = log->read(log->begin());
        ASSERT_TRUE(reader);
        for (std::uint64_t wanted = log->begin(); wanted < log->end(); ++wanted) {
            const auto record = reader->next();
            ASSERT_TRUE(record) << record.error().message;
            ASSERT_TRUE(*record);
            std::uint64_t number = 0;
            std::from_chars((*record)->data(), (*record)->data() + (*record)->size(), number);
            ASSERT_EQ(number, wanted);
        }
    }
    std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace homeostat::system
