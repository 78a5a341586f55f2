"""What the scenarios ask of those that consume, each by its own account. The broker knows of it before they do, and one that has little of a processor
may not answer at once: it is waited for."""

import verdict  # the path is scenario's

QUEUE = "app.events"


class Serving:
    """Of a test case with `api` and `eventually`."""

    def instances(self):
        return verdict.consumers(self.api, QUEUE)

    def await_instances(self, wanted, what, seconds=60.0):
        """Those that consume, once they are as `wanted`."""
        found = []

        def there():
            found[:] = self.instances()
            return wanted(found)

        try:
            self.eventually(there, what, seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}: {[(each.name, each.node, each.state['boot_id']) for each in found]}") from None
        return list(found)

    def the_one(self):
        """Whoever consumes, alone."""
        (found,) = self.await_instances(lambda found: len(found) == 1, "one consumes")
        return found

    def await_another(self, boot_id, seconds=60.0):
        """Another process than that one consumes, alone."""
        (found,) = self.await_instances(lambda found: len(found) == 1 and found[0].state["boot_id"] != boot_id, "the kubelet starts it again", seconds)
        return found

    def assert_processes(self, boot_ids):
        """Those processes consume, and no others."""
        return self.await_instances(lambda found: sorted(each.state["boot_id"] for each in found) == sorted(boot_ids), f"the same processes {boot_ids}")

    def assert_goes_on(self, count):
        """It processes more than so many."""
        self.await_instances(lambda found: any(each.state["count"] > count for each in found), "it processes")

    def assert_serving(self, node, boot_id):
        """One process consumes, on that node, and it is the one that began. In between of traffic, so by its own account."""

        def alone(found):
            self.assertLessEqual(len(found), 1, "more than one consumes")
            return [instance.node for instance in found] == [node]

        found = self.await_instances(alone, f"one consumes, on {node}")
        state = found[0].state
        self.assertEqual(state["boot_id"], boot_id, "the process was not moved but started anew")
        for name, numbers in state["publishers"].items():
            self.assertEqual((numbers["gaps"], numbers["doubles"], numbers["out_of_order"]), (0, 0, 0), name)
        self.assert_goes_on(state["count"])
        return found[0]
