#include "storage/store.hpp"

namespace sluice::storage {

void Batch::clear() {
    number = 0;
    journal.clear();
    ops.clear();
    values.clear();
    release_before = 0;
    loads.clear();
}

}  // namespace sluice::storage
