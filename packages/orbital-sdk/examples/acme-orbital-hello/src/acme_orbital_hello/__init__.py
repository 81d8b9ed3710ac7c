from orbital_sdk import DeviceFields, Metric, Plugin, PluginConfig


class Hello(Plugin[DeviceFields, PluginConfig]):
    name = "hello"
    summary = "Gives a constant"
    answer = Metric("hello_answer", "The answer")

    async def collect(self, device, ctx):
        yield self.answer(42)
