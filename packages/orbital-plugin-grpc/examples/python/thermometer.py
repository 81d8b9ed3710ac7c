"""A plugin for Orbital Sentinel in Python with plain grpcio: thermometers that answer on a TCP port."""

# Its stubs: python -m grpc_tools.protoc -I. --python_out=. --grpc_python_out=. plugin.proto
import asyncio
import hmac
import json
import os

import grpc
import plugin_pb2 as pb
import plugin_pb2_grpc

ABOUT = {"name": "thermometer", "version": "1.0.0", "description": "Thermometers on TCP ports"}
HOST = pb.Field(name="host", type="string", required=True, description="Name or address")
PORT = pb.Field(name="port", type="int", default="9100", min=1, max=65535, description="TCP port")
NAME, HELP, LABELS = "thermometer_celsius", "Temperature at a sensor", ["sensor"]
METRIC = pb.Metric(name=NAME, help=HELP, kind="gauge", unit="celsius", labels=LABELS)
DESCRIBED = pb.Described(name=NAME, type="gauge", unit="celsius", description=HELP, labels=LABELS)
MANIFEST = pb.Manifest(meta=json.dumps(ABOUT), device_fields=[HOST, PORT], metrics=[DESCRIBED])
COOKIE = os.environ["ORBITAL_PLUGIN_COOKIE"].encode()  # each end proves that it knows it
AGENT, PROGRAM = (hmac.digest(COOKIE, end, "sha256").hex() for end in (b"agent", b"program"))


class Thermometer:  # a session: one device, from `device` to `close`
    def __init__(self, fields):
        self.host, self.port = fields["host"], fields.get("port", 9100)
        self.sensors = None  # those of table 0, which the agent remembers

    async def read(self):  # it prints lines such as `kitchen 21.5`, and hangs up
        reader, writer = await asyncio.open_connection(self.host, self.port)
        try:
            lines = (await reader.read()).decode().splitlines()
            return {sensor: float(value) for sensor, value in map(str.split, lines)}
        finally:
            writer.close()

    def records(self, celsius):  # values, and before them a table if the sensors changed
        if self.sensors != [*celsius]:
            self.sensors = [*celsius]
            series = [pb.Series(metric=0, values=[sensor]) for sensor in celsius]
            yield pb.Record(table=pb.Table(table=0, metrics=[METRIC], series=series))
        yield pb.Record(samples=pb.Samples(table=0, values=celsius.values()))

    async def collect(self, call):
        try:
            async with asyncio.timeout(call.remaining):
                return pb.Collected(call=call.call, records=self.records(await self.read()))
        except ValueError as error:
            kind, text = "UnexpectedReply", f"not lines of a sensor and a number: {error}"
        except (OSError, TimeoutError) as error:
            kind, text = "DeviceUnreachable", f"{self.host}:{self.port}: {error or 'no answer'}"
        return pb.Collected(call=call.call, error=pb.Error(classes=[kind], text=text))


class Program(plugin_pb2_grpc.PluginServicer):
    def __init__(self):
        self.sessions, self.running = {}, {}
        self.answers, self.over = asyncio.Queue(), asyncio.Event()

    async def Exchange(self, stream, context):
        if dict(context.invocation_metadata()).get("orbital-proof") != AGENT:
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, "you did not start me")
        await context.send_initial_metadata([("orbital-proof", PROGRAM)])
        writing = asyncio.create_task(self.write(context))
        try:
            async for calls in stream:
                for call in calls.calls:
                    self.take(call.WhichOneof("type"), call)
        finally:  # the agent ended the stream, or died
            writing.cancel()
            self.over.set()

    async def write(self, context):
        while True:
            await context.write(pb.Answers(answers=[await self.answers.get()]))

    def take(self, kind, call):
        call = getattr(call, kind)
        match kind:
            case "hello":
                offer = pb.Offer(part="plugin", name=ABOUT["name"], manifest=MANIFEST)
                self.say(welcome=pb.Welcome(contract=int(1 in call.contracts), offers=[offer]))
            case "device":
                session = self.sessions[call.session] = Thermometer(json.loads(call.fields))
                self.say(facts=pb.Facts(call=call.call, target=f"{session.host}:{session.port}"))
            case "collect":
                task = asyncio.create_task(self.sessions[call.session].collect(call))
                self.running[call.call] = task
                task.add_done_callback(lambda task: self.collected(call.call, task))
            case "test":  # it says nothing, so the agent collects instead
                self.say(tested=pb.Tested(call=call.call))
            case "cancel":
                if call.call in self.running:
                    self.running[call.call].cancel()
            case _:  # start, open, close, stop, health
                if kind == "close":
                    del self.sessions[call.session]
                self.say(done=pb.Done(call=call.call))

    def collected(self, number, task):
        del self.running[number]
        self.say(collected=pb.Collected(call=number) if task.cancelled() else task.result())

    def say(self, **answer):
        self.answers.put_nowait(pb.Answer(**answer))


async def main():
    program, server = Program(), grpc.aio.server()
    plugin_pb2_grpc.add_PluginServicer_to_server(program, server)
    socket = f"{os.environ['ORBITAL_PLUGIN_FOLDER']}/plugin.sock"
    server.add_insecure_port(f"unix:{socket}")
    await server.start()
    print(f"1|1|unix|{socket}|grpc", flush=True)
    await program.over.wait()
    await server.stop(grace=1)


asyncio.run(main())
