// Findings about memory that comes from the source's own.
#include <fmt/format.h>

#include "plan/pages.hpp"
#include "preflight/preflight.hpp"

namespace ms2m {

/// The source stands still from its dump until the copy has its last page.
void check_pages(const Facts& facts, const MigrationRequest& request, std::vector<Finding>& out) {
  if (const auto against = against_pages(facts, request))
    return refuse(out, against->check, against->trouble.text, against->trouble.cure);
  const Seconds still = memory_time(facts, request);
  if (facts.procedure.pages == Pages::lazy)
    return out.push_back(
        {"pages", Level::ok,
         fmt::format("the copy goes on at once, and its memory comes from the source's for about {:.1f} s more",
                     still.count()),
         ""});
  out.push_back(
      {"pages", Level::ok,
       fmt::format("the copy's memory comes from the source's, which stands still for about {:.1f} s", still.count()),
       ""});
}

}  // namespace ms2m
