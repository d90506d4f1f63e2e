#include "tools/top_up.hpp"

#include <fmt/format.h>

#include "engine/base/money.hpp"

namespace sluice::tools {

void TopUp::add_options(CLI::App& command) {
    command.add_option("AMOUNT", amount, "Up to six decimals; below zero as a correction (after --)")
        ->required()
        ->check([](const std::string& text) {
            return parse_money(text) ? std::string() : "'" + text + "' is no amount, as 100 or 12.50";
        });
    command.add_option("--reference", reference, "Say it again with the same reference and it is booked once, "
                                                 "whatever became of the first answer");
}

std::string TopUp::path() const { return "/api/v1/accounts/" + CtlClient({}).quoted(system_id) + "/topup"; }

std::string TopUp::request() const {
    CtlJson body{{"amount", amount}};
    if (!reference.empty()) body["reference"] = reference;
    return body.dump(-1, ' ', false, CtlJson::error_handler_t::replace);
}

void print_top_up(const CtlJson& body) {
    fmt::print("{}; {} has {} now\n",
               body["booked"].get<bool>() ? "booked" : "booked before under this reference: nothing is changed",
               body["system_id"].get<std::string>(), body["available"].get<std::string>());
}

}  // namespace sluice::tools
