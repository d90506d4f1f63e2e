#include "engine/app/message_centre.hpp"

#include <pthread.h>

#include "engine/app/simulation.hpp"

namespace sluice::app {

Result<std::unique_ptr<MessageCentre>> MessageCentre::start(const MessageCentreOptions& options) {
    auto io = io::make_io(options.io);
    if (!io) return std::unexpected(io.error());
    std::unique_ptr<MessageCentre> centre(new MessageCentre);
    centre->backend_ = (*io)->backend();
    centre->simulation_ = std::make_unique<Simulation>(options, std::move(*io), centre->clock_);
    auto listening = centre->simulation_->listen(options.listen);
    if (!listening) return std::unexpected(listening.error());
    centre->listening_ = *listening;
    centre->thread_ = std::thread([simulation = centre->simulation_.get()] { simulation->reactor().run(); });
    pthread_setname_np(centre->thread_.native_handle(), "message-centre");
    return centre;
}

MessageCentre::~MessageCentre() { stop(nanoseconds::zero()); }

void MessageCentre::stop(nanoseconds patience) {
    if (!thread_.joinable()) return;
    simulation_->reactor().post([this, patience] { simulation_->stop(patience); });
    thread_.join();
}

const MessageCentreCounters& MessageCentre::counters() const { return simulation_->counters(); }

}  // namespace sluice::app
