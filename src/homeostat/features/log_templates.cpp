// SPDX-License-Identifier: Apache-2.0
#include "homeostat/features/log_templates.h"

#include <algorithm>

#include "homeostat/base/hash.h"

namespace homeostat::features {

namespace {

constexpr std::uint64_t kWild = 0;

constexpr bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// A word with a digit is a value, not part of what the program says.
std::uint64_t word_of(std::string_view text) {
    if (std::ranges::any_of(text, is_digit)) return kWild;
    return hash64(text) | 1U;  // never kWild
}

}  // namespace

std::size_t LogTemplates::split(std::string_view line, std::array<Word, kMaxWords>& words) {
    constexpr std::string_view kSpace = " \t\r\n";
    line = line.substr(0, kMaxBytes);
    std::size_t count = 0;
    while (count < kMaxWords) {
        const auto begin = line.find_first_not_of(kSpace);
        if (begin == std::string_view::npos) break;
        const auto end = std::min(line.find_first_of(kSpace, begin), line.size());
        words[count++] = word_of(line.substr(begin, end - begin));
        line.remove_prefix(end);
    }
    return count;
}

LogTemplates::Template* LogTemplates::most_similar(std::vector<Template>& group,
                                                   std::span<const Word> words) {
    Template* best = nullptr;
    std::size_t best_equal = 0;
    for (auto& candidate : group) {
        std::size_t equal = 0;
        for (std::size_t i = 0; i < words.size(); ++i) equal += candidate[i] == words[i] ? 1U : 0U;
        const bool similar = 2 * equal >= words.size();
        if (similar && (best == nullptr || equal > best_equal)) {
            best = &candidate;
            best_equal = equal;
        }
    }
    return best;
}

bool LogTemplates::learn(std::string_view line) {
    std::array<Word, kMaxWords> buffer{};
    const std::span<const Word> words(buffer.data(), split(line, buffer));
    if (words.empty()) return false;

    Path path{.words = words.size()};
    std::copy_n(words.begin(), std::min(words.size(), path.first.size()), path.first.begin());
    const auto found = groups_.find(path);
    if (found != groups_.end()) {
        if (auto* known = most_similar(found->second, words)) {
            for (std::size_t i = 0; i < words.size(); ++i) {
                if ((*known)[i] != words[i]) (*known)[i] = kWild;
            }
            return false;
        }
    }
    if (templates_ >= kMaxTemplates || (found != groups_.end() && found->second.size() >= kMaxPerGroup)) {
        ++refused_;
        return false;
    }
    groups_[path].emplace_back(words.begin(), words.end());
    ++templates_;
    return true;
}

}  // namespace homeostat::features
