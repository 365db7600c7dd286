using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using AgentPki.Agents.Decisions;
using AgentPki.Authority.Decisions;
using AgentPki.Authority.Decisions.Journal;
using AgentPki.Authority.Decisions.Policies;
using AgentPki.X509.Certificates;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentPki.Testing.Fixtures;

/// <summary>What decides actions, over a <see cref="TestAuthority"/>: policies in memory, the decision log in a folder of its own.</summary>
public sealed class TestDecider : IAsyncDisposable
{
    public const string Guard = "spiffe://agents.test/guard/gate";

    private TestDecider(TestAuthority authority, Folder policies, DirectoryInfo journal, DecisionAuthority decisions) => (Authority, Policies, Journal, Decisions) = (authority, policies, journal, decisions);

    public TestAuthority Authority { get; }

    public Folder Policies { get; }

    public DirectoryInfo Journal { get; }

    public DecisionAuthority Decisions { get; }

    public static async Task<TestDecider> StartAsync(TestAuthority authority, bool wantsApproval = false, DirectoryInfo? journal = null, Func<DecisionOptions, DecisionOptions>? configure = null, params (string File, string Yaml)[] policies)
    {
        var folder = new Folder();
        foreach (var (file, yaml) in policies)
        {
            folder.Write(file, Encoding.UTF8.GetBytes(yaml));
        }

        journal ??= Directory.CreateTempSubdirectory("agentpki-test-decisions-");
        var options = new DecisionOptions { Journal = new JournalOptions(journal.FullName) { IsDurable = false }, KeyLabel = "t-decisions", Issuer = "http://pki.test:8080" };
        var decisions = await DecisionAuthority.StartAsync(authority.Services, configure?.Invoke(options) ?? options, authority.Providers, folder, wantsApproval, authority.Time, NullLoggerFactory.Instance, CancellationToken.None);
        return new TestDecider(authority, folder, journal, decisions);
    }

    /// <summary>A question about an agent by its certificate.</summary>
    public static DecisionCall Call(Certificate certificate, string action = "read", string resource = "crm/customers/42") => new(
        Guard, "correlation", certificate.SpiffeId?.ToString() ?? "", new NamedCertificate.Whole(certificate.Der), action, resource, DecisionFacts.Empty, SHA256.HashData("question"u8));

    public ValueTask<AnsweredCall> DecideAsync(DecisionCall call) => Decisions.Decisions.DecideAsync(call, CancellationToken.None);

    /// <summary>Ends, and leaves the decision log where it is.</summary>
    public ValueTask StopAsync() => Decisions.DisposeAsync();

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Journal.Delete(recursive: true);
    }

    /// <summary>Files in memory.</summary>
    public sealed class Folder : IPolicyFolder
    {
        private readonly ConcurrentDictionary<string, byte[]> _files = new(StringComparer.Ordinal);

        /// <summary>Whether the folder cannot be read.</summary>
        public bool IsBroken { get; set; }

        /// <summary>What else comes of reading it; null: nothing.</summary>
        public Exception? Failure { get; set; }

        public IReadOnlyList<PolicyFile> Read() => IsBroken ? throw new IOException("the disk is gone") : Failure is { } failure ? throw failure : [.. _files.Select(f => new PolicyFile(f.Key, f.Value))];

        public void Write(string file, ReadOnlySpan<byte> text) => _files[file] = text.ToArray();

        public void Remove(string file) => _files.TryRemove(file, out _);
    }
}
