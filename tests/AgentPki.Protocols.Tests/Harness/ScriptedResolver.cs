using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using AgentPki.Protocols.Acme.Validation.Resolution;

namespace AgentPki.Protocols.Tests.Harness;

/// <summary>A resolver whose answers a test decides, one after the other: what a name is can change between two questions.</summary>
internal sealed class ScriptedResolver : IDnsResolver
{
    private readonly ConcurrentDictionary<(string, DnsRecordType), Queue<DnsAnswer>> _answers = new();

    public ConcurrentQueue<(string Name, DnsRecordType Type)> Questions { get; } = new();

    /// <summary>The answers in order; the last one stays.</summary>
    public ScriptedResolver On(string name, DnsRecordType type, params DnsAnswer[] answers)
    {
        _answers[(name, type)] = new Queue<DnsAnswer>(answers);
        return this;
    }

    /// <summary>Each time the name is asked for, the next of these addresses; the last one stays.</summary>
    public ScriptedResolver At(string name, params string[] addresses)
    {
        foreach (var family in addresses.Select(IPAddress.Parse).GroupBy(a => a.AddressFamily))
        {
            var type = family.Key == AddressFamily.InterNetwork ? DnsRecordType.A : DnsRecordType.Aaaa;
            On(name, type, [.. family.Select(a => new DnsAnswer.Found([new DnsRecord.Address(a)], name))]);
        }

        return this;
    }

    public ValueTask<DnsAnswer> QueryAsync(string name, DnsRecordType type, CancellationToken cancellationToken)
    {
        Questions.Enqueue((name, type));
        if (!_answers.TryGetValue((name, type), out var answers))
        {
            return ValueTask.FromResult<DnsAnswer>(_answers.Keys.Any(k => k.Item1 == name) ? new DnsAnswer.Empty() : new DnsAnswer.NoSuchName());
        }

        lock (answers)
        {
            return ValueTask.FromResult(answers.Count > 1 ? answers.Dequeue() : answers.Peek());
        }
    }
}
