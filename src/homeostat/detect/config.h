// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "homeostat/base/codec.h"
#include "homeostat/base/result.h"
#include "homeostat/base/setting.h"
#include "homeostat/base/time.h"

namespace homeostat::detect {

/// Isolation forest over the standardised residuals of the whole fleet. The core reads no files: `model`
/// names the one whose content is in `model_text`, which alone decides.
struct ForestConfig {
    std::int32_t trees = 100;
    std::int32_t sample = 256;  // rows that each tree is grown from
    std::int64_t seed = 1;
    std::int32_t reservoir = 4096;           // recent normal rows kept for growing and calibrating
    std::int64_t refresh_windows = 200'000;  // normal windows between two refreshes
    std::string model;                       // file of a saved model to begin with; empty: none
    std::string model_text;                  // what it holds, from whoever reads the configuration

    static constexpr auto describe() {
        return std::tuple{field("trees", &ForestConfig::trees),
                          field("sample", &ForestConfig::sample),
                          field("seed", &ForestConfig::seed),
                          field("reservoir", &ForestConfig::reservoir),
                          field("refresh_windows", &ForestConfig::refresh_windows),
                          field("model_text", &ForestConfig::model_text)};
    }
    static constexpr auto schema() {
        return std::tuple{
            setting("trees", &ForestConfig::trees, "Trees of the forest.", {.min = 1, .max = 1000}),
            setting("sample", &ForestConfig::sample, "Rows that each tree is grown from.", {.min = 2}),
            setting("seed", &ForestConfig::seed,
                    "Seed of the random choices: the same gives the same forest."),
            setting("reservoir", &ForestConfig::reservoir,
                    "Recent normal rows kept for growing and calibrating.", {.min = 2}),
            setting("refresh_windows", &ForestConfig::refresh_windows,
                    "Normal windows between two refreshes.", {.min = 1}),
            setting(
                "model", &ForestConfig::model,
                "File of a model to begin with, as 'homeostat model train' writes it; its path is relative "
                "to this file. Empty: the forest is learned from nothing.")};
    }
    friend bool operator==(const ForestConfig&, const ForestConfig&) = default;
};

/// A rhythm that the traffic is known to have.
struct Season {
    Duration period = std::chrono::hours(24);
    std::int32_t order = 4;  // Fourier pairs, 1 to 8

    static constexpr auto describe() {
        return std::tuple{field("period_ns", &Season::period), field("order", &Season::order)};
    }
    static constexpr auto schema() {
        return std::tuple{setting("period", &Season::period, "Length of the rhythm.",
                                  {.min = std::chrono::seconds{1}, .required = true}),
                          setting("order", &Season::order, "Fourier pairs: more follow sharper shapes.",
                                  {.min = 1, .max = 8})};
    }
    friend bool operator==(const Season&, const Season&) = default;
};

/// Seasonal forecast of a service's features, fitted on averages of `step`.
struct ForecastConfig {
    std::vector<Season> seasons{{std::chrono::hours(24), 4}, {std::chrono::hours(1), 2}};
    Duration step = std::chrono::seconds(60);
    std::int32_t history = 2880;  // steps kept
    Duration refit = std::chrono::minutes(30);
    std::int32_t change_points = 8;  // of the trend, evenly spread over the history
    double ridge = 1.0;

    static constexpr auto describe() {
        return std::tuple{field("seasons", &ForecastConfig::seasons),
                          field("step_ns", &ForecastConfig::step),
                          field("history", &ForecastConfig::history),
                          field("refit_ns", &ForecastConfig::refit),
                          field("change_points", &ForecastConfig::change_points),
                          field("ridge", &ForecastConfig::ridge)};
    }
    static constexpr auto schema() {
        return std::tuple{
            setting("seasons", &ForecastConfig::seasons, "The rhythms that the traffic is known to have.",
                    {.max = 4}),
            setting("step", &ForecastConfig::step, "What one point of the history averages.",
                    {.min = std::chrono::seconds{1}}),
            setting("history", &ForecastConfig::history, "Steps kept.", {.min = 10}),
            setting("refit", &ForecastConfig::refit, "Time between two fits.",
                    {.min = std::chrono::seconds{1}}),
            setting("change_points", &ForecastConfig::change_points,
                    "Bends of the trend, evenly spread over the history.", {.min = 0, .max = 64}),
            setting("ridge", &ForecastConfig::ridge, "Penalty on the coefficients: more is smoother.",
                    {.min = 0})};
    }
    friend bool operator==(const ForecastConfig&, const ForecastConfig&) = default;
};

struct DetectConfig {
    /// How often a window of a subject that is well may open an anomaly: 2e-8 is about one in four days
    /// of a system of 50 services and 100 edges.
    double false_alarm_rate = 2e-8;
    std::int32_t windows_to_open = 3;   // that a moderate deviation must last; a gross one opens at once
    std::int32_t windows_to_clear = 3;  // normal windows in a row that end an anomaly
    std::int32_t warm_up = 20;          // windows of a feature before it is judged
    bool judge_instances = true;        // else instances only have baselines
    std::int32_t max_subjects = 100'000;
    Duration forget_after = std::chrono::hours(1);  // unseen subjects make room after this
    /// A change of load, CPU, memory or replicas that lasts this long becomes the new normal. Errors and
    /// latency never do by themselves: see Detection::accept().
    Duration adapt_after = std::chrono::minutes(10);
    ForestConfig forest;
    ForecastConfig forecast;

    static constexpr auto describe() {
        return std::tuple{field("false_alarm_rate", &DetectConfig::false_alarm_rate),
                          field("windows_to_open", &DetectConfig::windows_to_open),
                          field("windows_to_clear", &DetectConfig::windows_to_clear),
                          field("warm_up", &DetectConfig::warm_up),
                          field("judge_instances", &DetectConfig::judge_instances),
                          field("max_subjects", &DetectConfig::max_subjects),
                          field("forget_after_ns", &DetectConfig::forget_after),
                          field("adapt_after_ns", &DetectConfig::adapt_after),
                          field("forest", &DetectConfig::forest),
                          field("forecast", &DetectConfig::forecast)};
    }
    static constexpr auto schema() {
        return std::tuple{
            setting("false_alarm_rate", &DetectConfig::false_alarm_rate,
                    "How often a window of a subject that is well may open an anomaly.",
                    {.min = 1e-12, .max = 0.0099}),
            setting("windows_to_open", &DetectConfig::windows_to_open,
                    "Windows that a moderate deviation must last; a gross one opens at once.",
                    {.min = 1, .max = 60}),
            setting("windows_to_clear", &DetectConfig::windows_to_clear,
                    "Normal windows in a row that end an anomaly.", {.min = 1, .max = 600}),
            setting("warm_up", &DetectConfig::warm_up, "Windows of a feature before it is judged.",
                    {.min = 10, .max = 3600}),
            setting("judge_instances", &DetectConfig::judge_instances,
                    "Whether instances are judged too; if not, they only have baselines."),
            setting("max_subjects", &DetectConfig::max_subjects,
                    "Services, edges and instances remembered at once.", {.min = 1}),
            setting("forget_after", &DetectConfig::forget_after,
                    "Subjects unseen for longer make room for others.", {.min = std::chrono::seconds{1}}),
            setting("adapt_after", &DetectConfig::adapt_after,
                    "A change of load, CPU, memory or replicas that lasts this long becomes the new normal.",
                    {.min = std::chrono::seconds{10}}),
            setting("forest", &DetectConfig::forest, "The isolation forest."),
            setting("forecast", &DetectConfig::forecast, "The seasonal forecast.")};
    }
    friend bool operator==(const DetectConfig&, const DetectConfig&) = default;
};

/// Errors: `invalid_argument` naming the first option that is out of its bounds.
[[nodiscard]] Result<> validate(const DetectConfig& config);

}  // namespace homeostat::detect
