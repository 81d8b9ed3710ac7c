// A receiver for Orbital Sentinel in Node.js with @grpc/grpc-js: gadgets that send lines such as "kitchen 21.5" by UDP.
// Beside it: plugin.proto, and node_modules by `npm ci`.
const grpc = require('@grpc/grpc-js')
const { loadSync } = require('@grpc/proto-loader')
const { createHmac } = require('node:crypto')
const { createSocket } = require('node:dgram')
const { join } = require('node:path')

const options = { keepCase: true, longs: Number, oneofs: true }
const { Plugin } = grpc.loadPackageDefinition(loadSync(join(__dirname, 'plugin.proto'), options)).orbital.plugin.v1
const MOST_WAITING = 1000 // emissions that the agent has not accepted yet
const dropped = {} // lines of a port, since its instance began

const VALUE = { name: 'gadget_value', help: 'What a gadget sent', kind: 'gauge', labels: ['gadget'] }
const { name, kind, help, labels } = VALUE
const MANIFEST = {
  meta: JSON.stringify({ name: 'gadgets', version: '1.0.0', description: 'Gadgets that send values by UDP' }),
  device_fields: [
    { name: 'host', type: 'string', default: '"127.0.0.1"', description: 'Address to listen on' },
    { name: 'port', type: 'int', required: true, min: 1, max: 65535, description: 'UDP port to listen on' }
  ],
  metrics: [{ name, type: kind, description: help, labels }]
}

const proof = end => createHmac('sha256', process.env.ORBITAL_PLUGIN_COOKIE).update(end).digest('hex')

class Gadgets { // a session: one port, from `device` to `close`
  constructor (instance, { host = '127.0.0.1', port }, say) {
    Object.assign(this, { instance, host, port, say, known: '', emits: 0, waiting: new Map() })
  }

  serve (call) {
    this.call = call
    this.socket = createSocket('udp4')
    this.socket.on('message', datagram => this.heard(datagram.toString()))
    this.socket.on('error', ({ message: text }) => this.end({ failed: { call, error: { classes: ['ConfigurationError'], text } } }))
    this.socket.bind(this.port, this.host)
  }

  heard (text) {
    const values = new Map()
    for (const line of text.trim().split('\n')) {
      const [gadget, value] = line.split(' ')
      if (Number.isFinite(parseFloat(value))) values.set(gadget, parseFloat(value))
      else this.drop(1)
    }
    if (values.size === 0) return
    if (this.waiting.size >= MOST_WAITING) return this.drop(values.size) // UDP cannot be slowed
    this.waiting.set(++this.emits, values.size)
    this.say({ emit: { call: this.call, emit: this.emits, records: this.records(values) } })
  }

  records (values) { // values, and before them a table where the gadgets are others than before
    const gadgets = [...values.keys()]
    const samples = { samples: { table: 0, values: [...values.values()] } }
    if (this.known === gadgets.join()) return [samples]
    this.known = gadgets.join()
    const table = { table: 0, metrics: [VALUE], series: gadgets.map(gadget => ({ metric: 0, values: [gadget] })) }
    return [{ table }, samples]
  }

  settled (emit, accepted) {
    if (!accepted) this.drop(this.waiting.get(emit))
    this.waiting.delete(emit)
  }

  drop (lines) { // counted as orbital_plugin_gadgets_dropped_total of the agent
    const key = [this.instance, this.port]
    const values = [{ labels: [`${this.port}`], value: dropped[key] = (dropped[key] ?? 0) + lines }]
    const family = { kind: 'counter', name: 'dropped', help: 'Lines that were not kept', labels: ['port'], values }
    this.say({ counts: { instance: this.instance, families: [family] } })
  }

  end (answer) { this.socket.close(() => this.say(answer)) } // of `serve`
}

function exchange (stream) {
  if (stream.metadata.get('orbital-proof')[0] !== proof('agent')) {
    stream.emit('error', { code: grpc.status.UNAUTHENTICATED, details: 'you did not start me' })
    return
  }
  const metadata = new grpc.Metadata()
  metadata.set('orbital-proof', proof('program'))
  stream.sendMetadata(metadata)
  const [sessions, serving] = [new Map(), new Map()]
  const say = answer => stream.write({ answers: [answer] })
  const take = {
    hello: ({ contracts }) => say({
      welcome: {
        contract: contracts.includes(1) ? 1 : 0,
        offers: [{ part: 'plugin', name: 'gadgets', serves: true, manifest: MANIFEST }]
      }
    }),
    device: ({ call, session, instance, fields }) => {
      sessions.set(session, new Gadgets(instance, JSON.parse(fields), say))
      const { host, port } = sessions.get(session)
      say({ facts: { call, target: `${host}:${port}` } })
    },
    serve: ({ call, session }) => serving.set(call, sessions.get(session)) && sessions.get(session).serve(call),
    accepted: ({ call, emit }) => serving.get(call).settled(emit, true),
    not_accepted: ({ call, emit }) => serving.get(call).settled(emit, false),
    test: ({ call }) => say({ tested: { call } }),
    cancel: ({ call }) => serving.get(call)?.end({ done: { call } }),
    close: ({ call, session }) => sessions.delete(session) && say({ done: { call } })
  }
  const done = ({ call }) => say({ done: { call } }) // start, open, stop, health
  stream.on('data', ({ calls }) => calls.forEach(call => (take[call.type] ?? done)(call[call.type])))
  stream.on('end', () => { stream.end(); process.exit() })
  stream.on('cancelled', () => process.exit()) // the agent died
}

const server = new grpc.Server()
server.addService(Plugin.service, { exchange })
const socket = `${process.env.ORBITAL_PLUGIN_FOLDER}/plugin.sock`
server.bindAsync(`unix:${socket}`, grpc.ServerCredentials.createInsecure(), error => {
  if (error) throw error
  console.log(`1|1|unix|${socket}|grpc`)
})
