// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/actuate/records/record_store.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

namespace homeostat::actuate {
namespace {

namespace fs = std::filesystem;

class RecordStoreTest : public testing::Test {
protected:
    void SetUp() override {
        char pattern[] = "/tmp/record-store-test-XXXXXX";
        ASSERT_NE(::mkdtemp(pattern), nullptr);
        folder_ = pattern;
    }
    void TearDown() override { fs::remove_all(folder_); }

    std::string folder_;
};

TEST_F(RecordStoreTest, KeepsTheLastRecordOfAnOrderAcrossARestart) {
    const model::OrderId order{"incident/../1"};
    {
        auto store = RecordStore::open(folder_ + "/records");
        ASSERT_TRUE(store);
        EXPECT_EQ(store->find(order).value(), std::nullopt);
        ASSERT_TRUE(store->put(order, "begun"));
        ASSERT_TRUE(store->put(order, "ended"));
    }
    const auto store = RecordStore::open(folder_ + "/records");
    EXPECT_EQ(store->find(order).value(), json::Value("ended"));
}

TEST_F(RecordStoreTest, KeepsOnlySoManyRecords) {
    auto store = RecordStore::open(folder_ + "/many", 8);
    for (std::size_t i = 0; i < 12; ++i) ASSERT_TRUE(store->put(model::OrderId{std::to_string(i)}, true));
    const auto files = std::distance(fs::directory_iterator(folder_ + "/many"), fs::directory_iterator());
    EXPECT_EQ(files, 8);
}

TEST_F(RecordStoreTest, SaysSoWhenARecordCannotBeRead) {
    auto store = RecordStore::open(folder_);
    const model::OrderId order{"o"};
    ASSERT_TRUE(store->put(order, true));
    for (const auto& file : fs::directory_iterator(folder_)) std::ofstream(file.path()) << "{";
    EXPECT_EQ(store->find(order).error().code, ErrorCode::data_loss);
    EXPECT_EQ(RecordStore::open("/proc/none").error().code, ErrorCode::failed_precondition);
}

}  // namespace
}  // namespace homeostat::actuate
