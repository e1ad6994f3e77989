// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace homeostat::api {

/// Writes metrics in the text format of Prometheus, version 0.0.4. A family's samples follow its header.
class MetricsText {
public:
    using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

    void counter(std::string_view name, std::string_view help) { family(name, help, "counter"); }
    void gauge(std::string_view name, std::string_view help) { family(name, help, "gauge"); }
    void sample(std::string_view name, double value, Labels labels = {});

    /// A family with one sample and no labels.
    void counter(std::string_view name, std::string_view help, double value);
    void gauge(std::string_view name, std::string_view help, double value);
    /// How many there were and what they come to together; no quantiles.
    void summary(std::string_view name, std::string_view help, double sum, double count);

    [[nodiscard]] const std::string& text() const { return text_; }

private:
    void family(std::string_view name, std::string_view help, std::string_view type);

    std::string text_;
};

}  // namespace homeostat::api
