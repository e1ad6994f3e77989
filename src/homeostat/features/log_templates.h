// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string_view>
#include <vector>

namespace homeostat::features {

/// Finds the templates behind log lines as they come: Drain (He, Zhu, Zheng, Lyu, ICWS 2017). A line is
/// led by its number of words and its first words through a tree of fixed depth to a small group of
/// templates, and joins the most similar one, whose differing words become wild. The tree is kept as one
/// map, since its depth is fixed; words are kept as hashes, since only their equality matters.
///
/// Bounded: kMaxTemplates in all and kMaxPerGroup in a group; a line beyond them is no new template.
class LogTemplates {
public:
    static constexpr std::size_t kMaxTemplates = 1'000;
    static constexpr std::size_t kMaxPerGroup = 50;
    static constexpr std::size_t kMaxWords = 64;  // the rest of a line is not looked at
    static constexpr std::size_t kMaxBytes = 1'024;

    /// Learns a line. True if it is unlike every line before.
    bool learn(std::string_view line);

    [[nodiscard]] std::size_t size() const { return templates_; }
    /// Lines that would have been new but for a bound.
    [[nodiscard]] std::uint64_t refused() const { return refused_; }

private:
    using Word = std::uint64_t;
    struct Path {
        std::size_t words = 0;
        std::array<Word, 2> first{};
        friend auto operator<=>(const Path&, const Path&) = default;
    };
    using Template = std::vector<Word>;

    [[nodiscard]] static std::size_t split(std::string_view line, std::array<Word, kMaxWords>& words);
    [[nodiscard]] static Template* most_similar(std::vector<Template>& group, std::span<const Word> words);

    std::map<Path, std::vector<Template>> groups_;
    std::size_t templates_ = 0;
    std::uint64_t refused_ = 0;
};

}  // namespace homeostat::features
