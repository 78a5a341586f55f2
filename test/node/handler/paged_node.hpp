// A node with a CRIU whose daemon fetches one page, and a restore that is ready but for its pages; needs root.
#pragma once
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "fake_node.hpp"
#include "node/restore/page_socket.hpp"
#include "support/catch.hpp"

namespace ms2m::test {

struct PagedNode : FakeNode {
  /// `ends`: how the daemon does when its page has come.
  explicit PagedNode(const std::string& ends = "exit 0", bool lazy = false) {
    put(path("system/etc/criu/crun.conf"), "tcp-close\n");
    put(path("bin/criu"), daemon(ends));
    std::filesystem::permissions(path("bin/criu"), std::filesystem::perms::owner_all);
    at("restore",
       "sleep 1000 </dev/null >/dev/null 2>&1 & echo $! >restored; cp restored pid; cp system/etc/criu/crun.conf "
       "settings");
    place = std::make_unique<node::RestorePlace>(prepare());
    place->change([lazy](node::Record& record) {
      record.uid = kUid, record.ready = record.pages = true;
      record.lazy = lazy;
    });
  }
  std::unique_ptr<node::RestorePlace> place;

 private:
  /// Says that it listens, asks for a page when the runtime restores, and ends when it has come.
  static std::string daemon(const std::string& ends) {
    return R"(#!/bin/bash
printf '%s\n' "$@" >"$0.arguments"
while [[ $# -gt 0 ]]; do
  case $1 in --ps-socket) pages=$2;; --status-fd) ready=$2;; --work-dir) work=$2;; esac
  shift
done
echo $$ >"$0.pid"; echo $PPID >"$0.parent"
printf x >&$ready
until [[ -e ${0%/bin/criu}/settings ]]; do sleep 0.01; done
echo get >&$pages
read -r page <&$pages || { echo 'Error (u): Remote side closed connection' >"$work/pages.log"; exit 1; }
echo "$page" >"$0.page"
)" + ends + "\n";
  }
};

}  // namespace ms2m::test
