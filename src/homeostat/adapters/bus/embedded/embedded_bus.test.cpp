// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/bus/embedded/embedded_bus.h"

#include <stdlib.h>

#include <fstream>

#include "homeostat/adapters/bus/bus.contract.test.h"

namespace homeostat::bus {
namespace {

std::shared_ptr<const std::filesystem::path> temporary_folder() {
    auto name = (std::filesystem::temp_directory_path() / "homeostat-bus-XXXXXX").string();
    return {new std::filesystem::path(::mkdtemp(name.data())), [](const std::filesystem::path* path) {
                std::filesystem::remove_all(*path);
                delete path;
            }};
}

std::unique_ptr<Bus> open_bus(const std::filesystem::path& folder, const TopicConfig& config) {
    auto bus = open_embedded_bus(folder, {{"one", config}, {"two", config}});
    if (!bus) throw std::runtime_error(bus.error().message);
    return *std::move(bus);
}

Factory embedded(const TopicConfig& config) {
    return [config] { return [config, folder = temporary_folder()] { return open_bus(*folder, config); }; };
}

INSTANTIATE_TEST_SUITE_P(Embedded, BusContract, testing::Values(embedded({}), embedded({.durable = false})));

Result<Offset> publish(Bus& bus, std::string_view payload, EventTime at = kStart) {
    const Message message{.payload = payload};
    return bus.publish("one", std::span(&message, 1), at);
}

TEST(EmbeddedBus, TellsAPublisherToSlowDown) {
    const auto folder = temporary_folder();
    const auto bus = open_bus(*folder, {.max_pending = Bytes{1'000}});
    EXPECT_EQ(publish(*bus, std::string(2'000, 'x')).error().code, ErrorCode::resource_exhausted);
    EXPECT_TRUE(publish(*bus, std::string(500, 'x')));
    EXPECT_EQ(bus->state("one")->end, 1U);
}

TEST(EmbeddedBus, KeepsWhatItsRetentionAllowsAndCountsWhatAConsumerMissed) {
    const auto folder = temporary_folder();
    const TopicConfig config{.retain = Bytes{5'000},
                             .retain_for = std::chrono::minutes{5},
                             .segment = Bytes{500},
                             .durable = false};
    const auto bus = open_bus(*folder, config);
    const auto consumer = *bus->subscribe("one", "slow");
    for (int i = 0; i < 200; ++i) {
        ASSERT_TRUE(publish(*bus, std::string(100, 'x'), kStart + std::chrono::seconds{11 * i}));
    }
    const auto state = *bus->state("one");
    EXPECT_LT(state.bytes, 5'600U);
    EXPECT_LE(state.end - state.begin, 5 * 60 / 11 + 6U);  // five minutes and a segment
    std::uint64_t received = 0;
    for (;;) {
        const auto records = consumer->poll(1'000, Duration{});
        ASSERT_TRUE(records);
        if (records->empty()) break;
        received += records->size();
    }
    EXPECT_EQ(received + consumer->lost(), 200U);
    EXPECT_GT(consumer->lost(), 0U);
}

TEST(EmbeddedBus, RefusesAPositionThatIsNone) {
    const auto folder = temporary_folder();
    const auto bus = open_bus(*folder, {});
    std::ofstream(*folder / "one" / "readers.position") << "seven";
    EXPECT_EQ(bus->subscribe("one", "readers").error().code, ErrorCode::data_loss);
}

TEST(EmbeddedBus, RefusesAFolderThatIsInUse) {
    const auto folder = temporary_folder();
    const auto bus = open_bus(*folder, {});
    EXPECT_EQ(open_embedded_bus(*folder, {{"one", {}}}).error().code, ErrorCode::failed_precondition);
    EXPECT_EQ(open_embedded_bus(*folder, {{"../one", {}}}).error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace homeostat::bus
