#include <algorithm>
#include <map>

#include "engine/app/admin_api.hpp"
#include "engine/app/admin_json.hpp"
#include "engine/app/admin_shards.hpp"

// What goes back to accounts that have their credits in a database.
namespace sluice::app {
namespace {

using gateway::Refunds;

std::string_view text_of(Refunds::State state) {
    switch (state) {
        case Refunds::State::due: return "due";
        case Refunds::State::away: return "source away";
        case Refunds::State::no_account: return "no account";
        default: return "no source";
    }
}

struct Row {
    Refunds::Payer payer;
    Refunds::Owed owed;
};

std::vector<Row> rows_of(gateway::Shard& shard) {
    std::vector<Row> rows;
    shard.refunds().for_each([&](const Refunds::Payer& payer, const Refunds::Owed& owed) {
        rows.push_back({payer, owed});
    });
    return rows;
}

}  // namespace

HttpResponse AdminApi::refunds(const HttpRequest& request) {
    const auto limit = limit_of(request);
    if (!limit) return limit.error();
    const auto shards = ask_all<std::vector<Row>>(gateway_, rows_of);
    std::map<std::string, Row> by_account;
    Money amount;
    std::uint64_t messages = 0;
    for (std::size_t shard = 0; shard < shards.size(); ++shard) {
        if (!shards[shard]) return no_answer(shard);
        for (const Row& row : *shards[shard]) {
            const auto [known, is_new] = by_account.emplace(row.payer.system_id, row);
            amount += row.owed.amount;
            messages += row.owed.messages;
            if (is_new) continue;
            Refunds::Owed& owed = known->second.owed;
            owed.amount += row.owed.amount;
            owed.messages += row.owed.messages;
            owed.state = std::max(owed.state, row.owed.state);  // the worst
        }
    }
    std::vector<Row> all;
    for (auto& [name, row] : by_account) all.push_back(std::move(row));
    std::ranges::stable_sort(all, std::greater{}, [](const Row& row) { return row.owed.amount; });
    Json rows = Json::array();
    for (const Row& row : all) {
        if (rows.size() == *limit) break;
        rows.push_back({{"system_id", row.payer.system_id},
                        {"source", row.payer.source},
                        {"credits", to_string(row.owed.amount)},
                        {"messages", row.owed.messages},
                        {"state", text_of(row.owed.state)}});
    }
    return json_reply({{"accounts", all.size()}, {"credits", to_string(amount)}, {"messages", messages},
                       {"refunds", std::move(rows)}});
}

HttpResponse AdminApi::write_off(std::string_view system_id) {
    const gateway::PartyId account = gateway::party_of_account(system_id);
    Refunds::Owed sum;
    for (std::size_t shard = 0; shard < gateway_.shards(); ++shard) {
        const auto given_up = ask_slowly<Refunds::Owed>(
            gateway_, shard,
            [account](gateway::Shard& its, const auto& answer) { its.refunds().write_off(account, answer); });
        if (!given_up) return no_answer(shard);
        sum.amount += given_up->amount;
        sum.messages += given_up->messages;
    }
    if (sum.messages == 0) return json_error(404, "nothing is to be given back to " + std::string(system_id));
    return json_reply({{"system_id", system_id}, {"credits", to_string(sum.amount)}, {"messages", sum.messages}});
}

}  // namespace sluice::app
