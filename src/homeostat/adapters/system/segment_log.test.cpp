// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/system/segment_log.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <fstream>
#include <span>

#include "homeostat/adapters/system/file.h"
#include "homeostat/adapters/system/full_disk_kit.test.h"
#include "homeostat/base/kit.test.h"

namespace homeostat::system {
namespace {

using kit::Folder;

SegmentLog open_log(const Folder& folder, const SegmentLogOptions& options = {}) {
    auto log = SegmentLog::open(folder.path(), options);
    if (!log) throw std::runtime_error(log.error().message);
    return *std::move(log);
}

void append(SegmentLog& log, std::string_view payload) {
    ASSERT_TRUE(log.append(payload));
}

std::vector<std::string> read_all(SegmentReader& reader) {
    std::vector<std::string> records;
    for (;;) {
        const auto record = reader.next();
        if (!record) throw std::runtime_error(record.error().message);
        if (!*record) return records;
        records.emplace_back(**record);
    }
}

std::vector<std::string> read_all(const SegmentLog& log, Offset from) {
    auto reader = log.read(from);
    if (!reader) throw std::runtime_error(reader.error().message);
    return read_all(*reader);
}

TEST(SegmentLog, ReadsBackWhatWasCommitted) {
    const Folder folder;
    auto log = open_log(folder);
    EXPECT_EQ(log.append("one"), 0U);
    EXPECT_EQ(log.append(""), 1U);
    EXPECT_TRUE(read_all(log, 0).empty());
    ASSERT_TRUE(log.commit());
    EXPECT_EQ(read_all(log, 0), (std::vector<std::string>{"one", ""}));
    EXPECT_EQ(read_all(log, 1), std::vector<std::string>{""});
    EXPECT_EQ(log.end(), 2U);
}

TEST(SegmentLog, AReaderFollowsTheLogOverItsSegments) {
    const Folder folder;
    auto log = open_log(folder, {.segment = Bytes{100}});
    auto reader = log.read(0);
    ASSERT_TRUE(reader);
    for (int i = 0; i < 50; ++i) {
        append(log, "record " + std::to_string(i));
        ASSERT_TRUE(log.commit());
        EXPECT_EQ(read_all(*reader), std::vector<std::string>{"record " + std::to_string(i)});
    }
    EXPECT_GT(log.segments().size(), 5U);
    EXPECT_EQ(read_all(log, 33).size(), 17U);
}

TEST(SegmentLog, ContinuesAfterItIsOpenedAgain) {
    const Folder folder;
    {
        auto log = open_log(folder);
        append(log, "committed");
        ASSERT_TRUE(log.commit());
        append(log, "not committed");
    }
    auto log = open_log(folder);
    EXPECT_EQ(log.recovery().records, 1U);
    EXPECT_EQ(log.append("next"), 1U);
    ASSERT_TRUE(log.commit());
    EXPECT_EQ(read_all(log, 0), (std::vector<std::string>{"committed", "next"}));
}

RC_GTEST_PROP(SegmentLog, CutsATornTailAtAnyByteAndKeepsTheRest, (std::vector<std::string> records)) {
    RC_PRE(!records.empty());
    const Folder folder;
    {
        auto log = open_log(folder, {.durable = false});
        for (const auto& record : records) RC_ASSERT(log.append(record).has_value());
        RC_ASSERT(log.commit().has_value());
    }
    const auto file = folder.path() / "00000000000000000000.log";
    const auto size = std::filesystem::file_size(file);
    const auto torn = *rc::gen::inRange<std::uintmax_t>(0, size);
    std::filesystem::resize_file(file, torn);

    auto log = open_log(folder, {.durable = false});
    const auto kept = read_all(log, 0);
    RC_ASSERT(kept.size() < records.size());
    RC_ASSERT(std::ranges::equal(kept, std::span(records).first(kept.size())));
    RC_ASSERT(log.append("next").value_or(0) == kept.size());
    RC_ASSERT(log.commit().has_value());
    RC_ASSERT(read_all(log, kept.size()) == std::vector<std::string>{"next"});
}

TEST(SegmentLog, CutsNoiseAndKeepsItBeside) {
    const Folder folder;
    {
        auto log = open_log(folder);
        append(log, "whole");
        ASSERT_TRUE(log.commit());
    }
    std::ofstream(folder.path() / "00000000000000000000.log", std::ios::app) << std::string(1'000, '\0');
    const auto log = open_log(folder);
    EXPECT_EQ(log.recovery().cut_bytes, 1'000U);
    EXPECT_EQ(read_all(log, 0), std::vector<std::string>{"whole"});
    EXPECT_EQ(std::filesystem::file_size(folder.path() / "torn.cut"), 1'000U);
}

TEST(SegmentLog, TellsOfDamageInAnOlderSegment) {
    const Folder folder;
    auto log = open_log(folder, {.segment = Bytes{20}});
    for (const char* record : {"first record", "second record", "third record"}) {
        append(log, record);
        ASSERT_TRUE(log.commit());
    }
    std::fstream file(folder.path() / "00000000000000000001.log", std::ios::in | std::ios::out);
    file.seekp(15).put('?');
    file.close();
    auto reader = log.read(0);
    ASSERT_TRUE(reader);
    EXPECT_TRUE(reader->next());
    const auto damaged = reader->next();
    ASSERT_FALSE(damaged);
    EXPECT_EQ(damaged.error().code, ErrorCode::data_loss);
}

TEST(SegmentLog, RefusesASecondWriter) {
    const Folder folder;
    const auto log = open_log(folder);
    const auto second = SegmentLog::open(folder.path());
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::failed_precondition);
}

TEST(SegmentLog, CanBeReadWhileAnotherHasItOpen) {
    const Folder folder;
    EXPECT_EQ(SegmentReader::open(folder.path()).error().code, ErrorCode::not_found);
    auto log = open_log(folder, {.segment = Bytes{20}});
    for (const char* record : {"first record", "second record"}) {
        append(log, record);
        ASSERT_TRUE(log.commit());
    }
    auto reader = SegmentReader::open(folder.path());
    ASSERT_TRUE(reader);
    EXPECT_EQ(read_all(*reader).size(), 2U);
}

TEST(SegmentLog, RefusesWhatIsTooLargeAndStaysAsItWas) {
    const Folder folder;
    auto log = open_log(folder, {.max_record = Bytes{100}, .max_pending = Bytes{200}});
    EXPECT_EQ(log.append(std::string(101, 'x')).error().code, ErrorCode::invalid_argument);
    append(log, std::string(100, 'x'));
    EXPECT_EQ(log.append(std::string(100, 'x')).error().code, ErrorCode::resource_exhausted);
    ASSERT_TRUE(log.commit());
    EXPECT_EQ(log.end(), 1U);
}

TEST(SegmentLog, AFullDiskIsAnErrorAndNothingIsChanged) {
    const Folder folder;
    auto log = open_log(folder);
    append(log, "before");
    ASSERT_TRUE(log.commit());
    {
        const FullDisk full(1'000);
        append(log, "small, but in the group of a large one");
        append(log, std::string(5'000, 'x'));
        const auto commit = log.commit();
        ASSERT_FALSE(commit);
        EXPECT_EQ(commit.error().code, ErrorCode::resource_exhausted);
        EXPECT_EQ(log.end(), 1U);
    }
    EXPECT_EQ(log.append("after"), 1U);
    ASSERT_TRUE(log.commit());
    EXPECT_EQ(read_all(log, 0), (std::vector<std::string>{"before", "after"}));
}

TEST(SegmentLog, RetentionRemovesWholeSegmentsFromTheOldest) {
    const Folder folder;
    auto log = open_log(folder, {.segment = Bytes{20}});
    auto behind = log.read(0);
    ASSERT_TRUE(behind);
    for (int i = 0; i < 10; ++i) {
        append(log, "twelve bytes");
        ASSERT_TRUE(log.commit());
    }
    ASSERT_TRUE(log.drop_before(3));
    EXPECT_EQ(log.begin(), 3U);
    ASSERT_TRUE(log.shrink_to(Bytes{50}));
    EXPECT_EQ(log.begin(), 8U);
    ASSERT_TRUE(log.shrink_to(Bytes{0}));
    EXPECT_EQ(log.begin(), 9U);
    EXPECT_EQ(log.read(3).error().code, ErrorCode::not_found);
    EXPECT_TRUE(behind->next());  // of a file that it holds open
    EXPECT_EQ(behind->next().error().code, ErrorCode::not_found);
    EXPECT_EQ(read_all(log, 9).size(), 1U);
}

TEST(ReplaceFile, TakesAPathWithoutAFolder) {
    const Folder folder;
    const auto before = std::filesystem::current_path();
    std::filesystem::current_path(folder.path());
    const auto replaced = replace_file("model.json", "{}");
    std::filesystem::current_path(before);
    EXPECT_TRUE(replaced.has_value()) << replaced.error().message;
    EXPECT_TRUE(std::filesystem::exists(folder.path() / "model.json"));
}

}  // namespace
}  // namespace homeostat::system
