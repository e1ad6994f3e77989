// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <thread>

#include "homeostat/adapters/bus/port.h"

/// What every implementation of the bus must do. To test one:
///
///     INSTANTIATE_TEST_SUITE_P(Embedded, BusContract, testing::Values(Factory{…}));
namespace homeostat::bus {

/// Makes a bus with the topics "one" and "two", empty; called again, one with what was stored in it before.
using Factory = std::function<std::function<std::unique_ptr<Bus>()>()>;

inline constexpr EventTime kStart{std::chrono::seconds{1'700'000'000}};

class BusContract : public testing::TestWithParam<Factory> {
protected:
    void SetUp() override {
        open_ = GetParam()();
        bus_ = open_();
    }
    void open_again() {
        bus_.reset();
        bus_ = open_();
    }
    void publish(std::string_view topic, const std::string& payload, EventTime at = kStart) {
        const Message message{.key = "service", .id = payload, .payload = payload};
        const auto published = bus_->publish(topic, std::span(&message, 1), at);
        ASSERT_TRUE(published) << published.error().message;
    }
    std::unique_ptr<Consumer> subscribe(std::string_view topic, std::string_view group) {
        auto consumer = bus_->subscribe(topic, group);
        if (!consumer) throw std::runtime_error(consumer.error().message);
        return *std::move(consumer);
    }
    static std::vector<std::string> payloads(Consumer& consumer, std::size_t max_records = 1'000) {
        auto records = consumer.poll(max_records, Duration{});
        if (!records) throw std::runtime_error(records.error().message);
        std::vector<std::string> payloads;
        for (auto& record : *records) payloads.push_back(std::move(record.payload));
        return payloads;
    }
    using Payloads = std::vector<std::string>;

    std::function<std::unique_ptr<Bus>()> open_;
    std::unique_ptr<Bus> bus_;
};

TEST_P(BusContract, DeliversInOrderAndWhole) {
    const std::vector<Message> messages{{.key = "payment", .id = "m1", .payload = "first"},
                                        {.key = "", .id = "", .payload = std::string_view("\0\n", 2)}};
    EXPECT_EQ(bus_->publish("one", messages, kStart), 2U);
    publish("two", "elsewhere");
    const auto consumer = subscribe("one", "readers");
    const auto records = consumer->poll(10, Duration{});
    ASSERT_TRUE(records);
    ASSERT_EQ(records->size(), 2U);
    EXPECT_EQ((*records)[0],
              (Record{.offset = 0, .at = kStart, .key = "payment", .id = "m1", .payload = "first"}));
    EXPECT_EQ((*records)[1].payload, messages[1].payload);
    EXPECT_EQ(consumer->position(), 2U);
}

TEST_P(BusContract, AGroupGoesOnWhereItCommitted) {
    for (const char* payload : {"a", "b", "c"}) publish("one", payload);
    {
        const auto consumer = subscribe("one", "readers");
        EXPECT_EQ(payloads(*consumer, 1), Payloads{"a"});
        ASSERT_TRUE(consumer->commit());
        EXPECT_EQ(payloads(*consumer, 1), Payloads{"b"});  // not committed: comes again
    }
    open_again();
    EXPECT_EQ(payloads(*subscribe("one", "readers")), (Payloads{"b", "c"}));
    EXPECT_EQ(payloads(*subscribe("one", "others")), (Payloads{"a", "b", "c"}));
}

TEST_P(BusContract, ReplaysFromAnyOffsetOrTime) {
    for (int i = 0; i < 10; ++i) publish("one", std::to_string(i), kStart + std::chrono::seconds{i});
    const auto consumer = subscribe("one", "readers");
    EXPECT_EQ(payloads(*consumer).size(), 10U);
    ASSERT_TRUE(consumer->seek(Offset{7}));
    EXPECT_EQ(payloads(*consumer), (Payloads{"7", "8", "9"}));
    ASSERT_TRUE(consumer->seek(kStart + std::chrono::milliseconds{7'500}));
    EXPECT_EQ(payloads(*consumer), (Payloads{"8", "9"}));
    ASSERT_TRUE(consumer->seek(kStart + std::chrono::hours{1}));
    EXPECT_TRUE(payloads(*consumer).empty());
    ASSERT_TRUE(consumer->seek(Offset{1'000}));
    EXPECT_EQ(consumer->position(), 10U);
}

TEST_P(BusContract, WakesAConsumerThatWaits) {
    const auto consumer = subscribe("one", "readers");
    std::jthread publisher([this] { publish("one", "news"); });
    const auto records = consumer->poll(1, std::chrono::seconds{30});
    ASSERT_TRUE(records);
    EXPECT_EQ(records->size(), 1U);
}

TEST_P(BusContract, TakesMessagesFromManyPublishersAtOnce) {
    constexpr int kPublishers = 8;
    constexpr int kMessages = 50;
    {
        std::vector<std::jthread> publishers;
        for (int p = 0; p < kPublishers; ++p) {
            publishers.emplace_back([this, p] {
                for (int i = 0; i < kMessages; ++i) publish("one", std::to_string(p * kMessages + i));
            });
        }
    }
    auto received = payloads(*subscribe("one", "readers"));
    EXPECT_EQ(received.size(), std::size_t{kPublishers * kMessages});
    std::ranges::sort(received);
    EXPECT_EQ(std::ranges::adjacent_find(received), received.end());
}

TEST_P(BusContract, RefusesWhatItDoesNotKnow) {
    EXPECT_EQ(bus_->publish("nowhere", {}, kStart).error().code, ErrorCode::not_found);
    EXPECT_EQ(bus_->subscribe("nowhere", "readers").error().code, ErrorCode::not_found);
    EXPECT_EQ(bus_->subscribe("one", "../readers").error().code, ErrorCode::invalid_argument);
    const auto consumer = subscribe("one", "readers");
    EXPECT_EQ(bus_->subscribe("one", "readers").error().code, ErrorCode::conflict);
    const std::string huge(std::size_t{9} << 20U, 'x');
    const Message message{.payload = huge};
    EXPECT_EQ(bus_->publish("one", std::span(&message, 1), kStart).error().code, ErrorCode::invalid_argument);
}

}  // namespace homeostat::bus
