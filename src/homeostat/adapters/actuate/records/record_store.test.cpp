// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/actuate/records/record_store.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "homeostat/base/kit.test.h"

namespace homeostat::actuate {
namespace {

namespace fs = std::filesystem;

class RecordStoreTest : public testing::Test {
protected:
    kit::Folder place_;
    std::string folder_ = place_.path().string();
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
