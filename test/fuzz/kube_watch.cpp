// A watch of an API server: a list, and then streams of events.
#include "answering.hpp"
#include "kube/watch.hpp"
#include "target.hpp"

using namespace ms2m;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static test::Answering server(test::Answering::Speaks::http);
  std::vector<std::string> answers;
  const std::string all = test::text_of(data, size);
  for (test::Parts parts(all); !parts.over() && answers.size() < 4;) answers.push_back(parts.next());
  server.set(answers);
  KubeAccess access;
  access.server = server.url();
  ApiClient client(access, std::make_shared<Credentials>(access, RunProcess()));
  std::size_t seen = 0;
  const std::function<bool(const Json*)> done = [&](const Json* object) {
    test::must(object == nullptr || object->is_object(), "an object, or none");
    return ++seen == 50;
  };
  // What makes it wait and ask again ends here; the answer after the last one is a 404.
  test::read([&] {
    ObjectWatch(client, {Kind::pod, "default", "consumer-0-shadow"}, done).run(StopToken{}.within(Millis{100}));
  });
  return 0;
}
