#pragma once

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <vector>

#include "engine/app/gateway.hpp"

/// Questions to shards from the admin thread. A stuck shard must not take the admin port with it: every wait ends.
namespace sluice::app {

/// How long a shard may take. A turn is a matter of milliseconds; what has not answered by then will not soon.
inline constexpr milliseconds shard_patience{2000};

template <class Answer>
using Question = std::function<Answer(gateway::Shard&)>;
/// For questions that a shard must ask its store: `answer` is called later, on the shard's thread.
template <class Answer>
using SlowQuestion = std::function<void(gateway::Shard&, std::function<void(Answer)> answer)>;

/// Nothing: no answer in time. The question may still be answered after that, so it must own what it uses.
template <class Answer>
std::optional<Answer> ask_slowly(Gateway& gateway, std::size_t shard, SlowQuestion<Answer> question) {
    const auto promise = std::make_shared<std::promise<Answer>>();
    std::future<Answer> answer = promise->get_future();
    gateway.post_to_shard(shard, [promise, question = std::move(question)](gateway::Shard& its) {
        question(its, [promise](Answer value) { promise->set_value(std::move(value)); });
    });
    if (answer.wait_for(shard_patience) != std::future_status::ready) return std::nullopt;
    return answer.get();
}

/// Asks all shards at once; by shard.
template <class Answer>
std::vector<std::optional<Answer>> ask_all(Gateway& gateway, const Question<Answer>& question) {
    std::vector<std::future<Answer>> waiting;
    for (std::size_t shard = 0; shard < gateway.shards(); ++shard) {
        const auto promise = std::make_shared<std::promise<Answer>>();
        waiting.push_back(promise->get_future());
        gateway.post_to_shard(shard, [promise, question](gateway::Shard& its) { promise->set_value(question(its)); });
    }
    const auto until = std::chrono::steady_clock::now() + shard_patience;
    std::vector<std::optional<Answer>> answers;
    for (std::future<Answer>& answer : waiting) {
        if (answer.wait_until(until) == std::future_status::ready) answers.emplace_back(answer.get());
        else answers.emplace_back(std::nullopt);
    }
    return answers;
}

}  // namespace sluice::app
