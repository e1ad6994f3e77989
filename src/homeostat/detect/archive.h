// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "homeostat/base/strong_id.h"
#include "homeostat/base/time.h"

/// The binary encoding of learned state. A type lists its members once, in
/// `template <class A> void archive(A& a) { a(first_, second_); }`, for both directions. Numbers are
/// written as the machine holds them (little-endian on all supported ones), exactly.
namespace homeostat::detect {

class Writer {
public:
    template <class... Members>
    void operator()(const Members&... members) {
        (write(members), ...);
    }
    [[nodiscard]] std::string take() { return std::move(bytes_); }

private:
    template <class T>
    void write(const T& value) {
        if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>) {
            std::array<char, sizeof(T)> raw{};
            std::memcpy(raw.data(), &value, sizeof(T));
            bytes_.append(raw.data(), raw.size());
        } else {
            const_cast<T&>(value).archive(*this);  // the one list of members serves the reader as well
        }
    }
    void write(const std::string& text) {
        write(text.size());
        bytes_.append(text);
    }
    void write(EventTime time) { write(time.time_since_epoch().count()); }
    template <class Tag>
    void write(const StrongId<Tag>& id) {
        write(id.value());
    }
    template <class T, std::size_t N>
    void write(const std::array<T, N>& items) {
        for (const auto& item : items) write(item);
    }
    template <class T>
    void write(const std::vector<T>& items) {
        write(items.size());
        for (const auto& item : items) write(item);
    }
    template <class T>
    void write(const std::optional<T>& item) {
        write(item.has_value());
        if (item) write(*item);
    }

    std::string bytes_;
};

/// Reads what Writer wrote. Bytes that end too early or do not fit make it !ok(); it then reads zeros.
class Reader {
public:
    explicit Reader(std::string_view bytes) : rest_(bytes) {}

    template <class... Members>
    void operator()(Members&... members) {
        (read(members), ...);
    }
    [[nodiscard]] bool ok() const { return ok_; }
    [[nodiscard]] bool done() const { return ok_ && rest_.empty(); }
    void fail() { ok_ = false; }

private:
    template <class T>
    void read(T& value) {
        if constexpr (std::same_as<T, bool>) {
            std::uint8_t byte = 0;
            read(byte);
            value = byte != 0;
        } else if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>) {
            if (!ok_ || rest_.size() < sizeof(T)) {
                ok_ = false;
                value = T{};
                return;
            }
            std::memcpy(&value, rest_.data(), sizeof(T));
            rest_.remove_prefix(sizeof(T));
        } else {
            value.archive(*this);
        }
    }
    void read(std::string& text) {
        const std::size_t size = read_size();
        text.assign(rest_.substr(0, size));
        rest_.remove_prefix(size);
    }
    void read(EventTime& time) {
        EventTime::rep ticks = 0;
        read(ticks);
        time = EventTime{Duration{ticks}};
    }
    template <class Tag>
    void read(StrongId<Tag>& id) {
        std::string value;
        read(value);
        id = StrongId<Tag>{std::move(value)};
    }
    template <class T, std::size_t N>
    void read(std::array<T, N>& items) {
        for (auto& item : items) read(item);
    }
    template <class T>
    void read(std::vector<T>& items) {
        const std::size_t size = read_size();
        items.clear();
        for (std::size_t i = 0; i < size && ok_; ++i) read(items.emplace_back());
    }
    template <class T>
    void read(std::optional<T>& item) {
        bool present = false;
        read(present);
        item.reset();
        if (present && ok_) read(item.emplace());
    }
    /// A count of items of at least one byte each: never more than the bytes that are left.
    std::size_t read_size() {
        std::size_t size = 0;
        read(size);
        if (size > rest_.size()) ok_ = false;
        return ok_ ? size : 0;
    }

    std::string_view rest_;
    bool ok_ = true;
};

}  // namespace homeostat::detect
