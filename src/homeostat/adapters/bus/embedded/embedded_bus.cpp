// SPDX-License-Identifier: Apache-2.0
#include "homeostat/adapters/bus/embedded/embedded_bus.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "homeostat/adapters/bus/embedded/topic.h"

namespace homeostat::bus {

namespace {

bool is_name(std::string_view name) {
    constexpr std::size_t kLongest = 200;
    constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyz0123456789._-";
    return !name.empty() && name.size() <= kLongest && !name.starts_with('.') &&
           name.find_first_not_of(kAllowed) == std::string_view::npos;
}

class EmbeddedConsumer final : public Consumer {
public:
    EmbeddedConsumer(std::shared_ptr<Topic> topic, std::string group, system::SegmentReader reader)
        : topic_(std::move(topic)), group_(std::move(group)), reader_(std::move(reader)) {}
    ~EmbeddedConsumer() override { topic_->give_back_group(group_); }
    EmbeddedConsumer(const EmbeddedConsumer&) = delete;
    EmbeddedConsumer& operator=(const EmbeddedConsumer&) = delete;

    Result<std::vector<Record>> poll(std::size_t max_records, Duration wait) override {
        constexpr std::size_t kMaxBytes = std::size_t{16} << 20U;  // of one poll, give or take a record
        if (wait > Duration{}) topic_->wait_for(reader_.offset(), wait);
        std::vector<Record> records;
        for (std::size_t bytes = 0; records.size() < max_records && bytes < kMaxBytes;) {
            const auto offset = reader_.offset();
            auto next = reader_.next();
            if (!next && next.error().code == ErrorCode::not_found) {
                if (auto moved = skip_removed(); !moved) return std::unexpected(std::move(moved).error());
                continue;
            }
            if (!next && !records.empty()) break;  // the next poll tells of it; likewise below
            if (!next) return std::unexpected(std::move(next).error());
            if (!*next) break;
            auto record = Topic::decode(offset, **next);
            if (!record && records.empty()) return std::unexpected(std::move(record).error());
            if (!record) {
                if (auto back = seek(offset); !back) return std::unexpected(std::move(back).error());
                break;
            }
            bytes += (**next).size();
            records.push_back(*std::move(record));
        }
        return records;
    }

    Result<> commit() override { return topic_->commit(group_, reader_.offset()); }

    Result<> seek(Offset offset) override {
        HOMEOSTAT_TRY(reader_, topic_->read_near(offset));
        return {};
    }
    Result<> seek(EventTime time) override {
        HOMEOSTAT_TRY(reader_, topic_->read_from(time));
        return {};
    }
    [[nodiscard]] Offset position() const override { return reader_.offset(); }
    [[nodiscard]] std::uint64_t lost() const override { return lost_; }

private:
    Result<> skip_removed() {
        const auto before = reader_.offset();
        if (auto moved = seek(before); !moved) return moved;
        lost_ += reader_.offset() - before;
        return {};
    }

    std::shared_ptr<Topic> topic_;
    std::string group_;
    system::SegmentReader reader_;
    std::uint64_t lost_ = 0;
};

class EmbeddedBus final : public Bus {
public:
    using Topics = std::map<std::string, std::shared_ptr<Topic>, std::less<>>;
    explicit EmbeddedBus(Topics topics) : topics_(std::move(topics)) {}

    Result<Offset> publish(std::string_view topic, std::span<const Message> messages, EventTime at) override {
        HOMEOSTAT_TRY(const auto found, find(topic));
        return found->publish(messages, at);
    }

    Result<std::unique_ptr<Consumer>> subscribe(std::string_view topic, std::string_view group) override {
        HOMEOSTAT_TRY(auto found, find(topic));
        if (!is_name(group)) {
            return fail(ErrorCode::invalid_argument,
                        fmt::format("group '{}': a name is made of a-z, 0-9, '.', '_' and '-'", group));
        }
        std::string name(group);
        HOMEOSTAT_TRY(const auto committed, found->committed(name));
        HOMEOSTAT_TRY(auto reader, found->read_near(committed));
        if (!found->take_group(name)) {
            return fail(ErrorCode::conflict, fmt::format("group '{}' is reading {} already", group, topic));
        }
        return std::make_unique<EmbeddedConsumer>(std::move(found), std::move(name), std::move(reader));
    }

    Result<TopicState> state(std::string_view topic) const override {
        HOMEOSTAT_TRY(const auto found, find(topic));
        return found->state();
    }

private:
    Result<std::shared_ptr<Topic>> find(std::string_view name) const {
        const auto found = topics_.find(name);
        if (found != topics_.end()) return found->second;
        return fail(ErrorCode::not_found, fmt::format("topic '{}' is not configured on this bus", name));
    }

    Topics topics_;
};

}  // namespace

std::map<std::string, TopicConfig> default_topics() {
    const TopicConfig telemetry{.durable = false};
    return {{std::string(kTelemetryRaw), telemetry},
            {std::string(kTelemetryFeatures), telemetry},
            {std::string(kAutonomousActions), {}}};
}

Result<std::unique_ptr<Bus>> open_embedded_bus(const std::filesystem::path& folder,
                                               const std::map<std::string, TopicConfig>& topics) {
    EmbeddedBus::Topics opened;
    for (const auto& [name, config] : topics) {
        if (!is_name(name)) {
            return fail(ErrorCode::invalid_argument,
                        fmt::format("topic '{}': a name is made of a-z, 0-9, '.', '_' and '-'", name));
        }
        HOMEOSTAT_TRY(auto topic, Topic::open(folder / name, config));
        opened.emplace(name, std::move(topic));
    }
    return std::make_unique<EmbeddedBus>(std::move(opened));
}

}  // namespace homeostat::bus
