using AgentPki.Authority;
using AgentPki.Authority.Ceremony;
using AgentPki.Authority.Ceremony.Evidence;
using AgentPki.Authority.Ceremony.Quorum;
using AgentPki.Authority.Ceremony.Scripts;
using AgentPki.Authority.Ceremony.Steps;
using AgentPki.Authority.Composition;
using AgentPki.Authority.Profiles;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers.BouncyCastle;
using AgentPki.Cryptography.Providers.Composite;
using AgentPki.Cryptography.Providers.Platform;
using AgentPki.Testing.Stores;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentPki.Testing.Fixtures;

/// <summary>A home for ceremonies in memory: one token that is software, and checks its PIN all the same.</summary>
public sealed class TestCeremonyHome(InMemoryStore store, TimeProvider time, string name = "test-pki") : ICeremonyHome
{
    private readonly Dictionary<(string Token, bool Officer), SealedSecret> _sealed = [];
    private readonly Dictionary<(string Token, bool Officer), SealedSecret> _next = [];
    // What the platform has no algorithm for; its keys last as long as this home.
    private readonly BouncyCastleProvider _other = new();
    private byte[]? _userPin;
    private byte[]? _officerPin;
    private OfficerRoster? _roster;

    /// <summary>The token's keys; a test may make them fail.</summary>
    public HookedProvider Keys { get; } = new(new PlatformProvider());

    public string SerialNumber { get; set; } = "0001";

    public byte[]? ServicePin { get; private set; }

    /// <summary>Runs before the token answers.</summary>
    public Action? Fault { get; set; }

    public AuthorityOptions Options { get; set; } = TestAuthority.DefaultOptions with { KeyPlacement = KeyPlacement.AllowSoftware };

    /// <summary>What an open home has, whoever asks: for those who forge.</summary>
    public AuthorityEnvironment Environment => new(new CryptoProviders(Keys, _other, new CompositeProvider(Keys, _other)), AuthorityStores.Of(store), ProfileCatalog.Defaults(), Options, time, NullLoggerFactory.Instance);

    public string Name => name;

    public string KeyPrefix => "";

    public IReadOnlyList<string> Tokens => ["main"];

    public bool HasOwnQuorum(string token) => false;

    public IReadOnlyList<(string Name, string? Value)> DescribeToken(string token) =>
        [("initialised", _userPin is null ? "no" : "yes"), ("serial", _userPin is null ? null : SerialNumber), ("manufacturer", "test"), ("mechanisms", "CKM_ECDSA CKM_EC_KEY_PAIR_GEN")];

    public ValueTask<IReadOnlyList<(string Name, string? Value)>> DescribeKeyAsync(KeyReference reference, CancellationToken cancellationToken) => ValueTask.FromResult<IReadOnlyList<(string, string?)>>([("CKA_EXTRACTABLE", "false")]);

    public void InitialiseToken(string token, ReadOnlyMemory<byte> securityOfficerPin, ReadOnlyMemory<byte> userPin)
    {
        Fault?.Invoke();
        (_userPin, _officerPin) = (userPin.ToArray(), securityOfficerPin.ToArray());
    }

    /// <summary>Runs after the token took another PIN.</summary>
    public Action? AfterChange { get; set; }

    public OfficerRoster? FindRoster() => _roster;

    public void KeepRoster(OfficerRoster roster) => _roster = roster;

    public SealedSecret? FindNextPin(string token, bool securityOfficer) => _next.GetValueOrDefault((token, securityOfficer));

    public void KeepNextPin(string token, bool securityOfficer, SealedSecret? pin)
    {
        _next.Remove((token, securityOfficer));
        if (pin is not null)
        {
            _next[(token, securityOfficer)] = pin;
        }
    }

    public bool TryChangePin(string token, bool securityOfficer, ReadOnlyMemory<byte> before, ReadOnlyMemory<byte> after)
    {
        if (!before.Span.SequenceEqual(securityOfficer ? _officerPin : _userPin))
        {
            return false;
        }

        (_userPin, _officerPin) = securityOfficer ? (_userPin, after.ToArray()) : (after.ToArray(), _officerPin);
        AfterChange?.Invoke();
        return true;
    }

    public SealedSecret? FindSealedPin(string token, bool securityOfficer) => _sealed.GetValueOrDefault((token, securityOfficer));

    public void KeepSealedPin(string token, bool securityOfficer, SealedSecret pin) => _sealed[(token, securityOfficer)] = pin;

    public void KeepServicePin(string token, ReadOnlyMemory<byte> pin) => ServicePin = pin.ToArray();

    public byte[]? ReadServicePin(string token) => ServicePin?.ToArray();

    public Task<OpenHome> OpenAsync(IReadOnlyDictionary<string, byte[]> pins, CancellationToken cancellationToken)
    {
        Fault?.Invoke();
        var pin = pins.GetValueOrDefault("main") ?? ServicePin;
        if (_userPin is null || pin is null || !pin.AsSpan().SequenceEqual(_userPin))
        {
            throw new CeremonyException("The token 'main' refuses the PIN.");
        }

        return Task.FromResult(new OpenHome(Environment, () => ValueTask.CompletedTask));
    }

    public IReadOnlyList<(string Name, byte[] Text)> ReadProfiles() => [("agent.yaml", "name: agent\n"u8.ToArray())];

    public List<string> Destroyed { get; } = [];

    public ValueTask DestroyKeyAsync(OpenHome open, KeyReference reference, PublicKey publicKey, CancellationToken cancellationToken)
    {
        Destroyed.Add(reference.Label);
        return ValueTask.CompletedTask;
    }

    public ValueTask<PublicKey> OpenTransportKeyAsync(OpenHome open, string token, CancellationToken cancellationToken) => throw new CeremonyException("This token takes no wrapped keys.");

    public ValueTask<byte[]> ExportKeyAsync(OpenHome open, KeyReference reference, PublicKey transportKey, CancellationToken cancellationToken) => throw new CeremonyException("This token wraps no keys.");

    public string KeepWrappedKey(string label, ReadOnlyMemory<byte> wrapped) => throw new NotSupportedException();

    public ValueTask<ISigningKey> ImportKeyAsync(OpenHome open, string token, ReadOnlyMemory<byte> wrapped, string publicKeySha256, CancellationToken cancellationToken) => throw new CeremonyException("This token takes no wrapped keys.");

    public Task WriteAnchorsAsync(OpenHome open, CancellationToken cancellationToken) => Task.CompletedTask;
}

/// <summary>People who do what they are told, each in turn.</summary>
public sealed class TestRoom(TestOfficers officers) : ICeremonyRoom
{
    public List<string> Heard { get; } = [];

    public List<string> Warnings { get; } = [];

    public List<OfficerRequest> Requests { get; } = [];

    /// <summary>Whose keys are at hand.</summary>
    public TestOfficers Everybody { get; set; } = officers;

    /// <summary>Who comes next; null leaves the room. Unless set: whoever has not approved yet.</summary>
    public Func<OfficerRequest, OfficerKey?>? Next { get; set; }

    public void ShowPlan(CeremonyPlan plan) => Heard.Add($"plan {plan.Sha256}");

    public void ShowStep(CeremonyPlan plan, PlannedStep step) => Heard.Add($"step {step.Number}");

    public void Tell(string what) => Heard.Add(what);

    public void Warn(string what) => Warnings.Add(what);

    public Task<OfficerKey?> AskOfficerAsync(OfficerRequest request, CancellationToken cancellationToken)
    {
        Requests.Add(request);
        return Task.FromResult(Next is { } next ? next(request) : Everybody.Open(request.Roster.Officers.First(o => !request.Have.Contains(o.Name)).Name));
    }
}

/// <summary>One ceremony in a folder of its own, which is deleted afterwards.</summary>
public sealed class TestCeremony : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("agentpki-ceremony-");
    private int _number;

    public TestCeremony(TestOfficers officers, TimeProvider time)
    {
        (Officers, Time, Home, Room) = (officers, time, new TestCeremonyHome(Store, time), new TestRoom(officers));
        Directory.CreateDirectory(PathOf("secrets"));
    }

    /// <summary>Those of the next plan.</summary>
    public TestOfficers Officers { get; set; }

    public TimeProvider Time { get; }

    public InMemoryStore Store { get; } = new();

    public TestCeremonyHome Home { get; }

    public TestRoom Room { get; }

    /// <summary>The evidence of the last ceremony.</summary>
    public EvidenceFolder Folder => new(PathOf(_number == 0 ? "evidence" : $"evidence-{_number}"));

    public ReadOnlyMemory<byte> Script { get; set; }

    public CeremonySetting Setting => new(Home, Room, Folder, PathOf(Path.Combine("secrets", "transcript.key")), _root.FullName, TestOfficers.Software, "agentpki test", "test machine", VerifyScript.Content, Time);

    public string PathOf(string name) => Path.Combine(_root.FullName, name);

    /// <summary>The plan of steps that are given as YAML list items.</summary>
    public CeremonyPlan Plan(string steps)
    {
        foreach (var officer in Officers.Roster.Officers)
        {
            File.WriteAllBytes(PathOf($"{officer.Name}.officer"), officer.Encode());
        }

        Script = System.Text.Encoding.UTF8.GetBytes($"""
            ceremony: A test
            officers:
              quorum: {Officers.Roster.Quorum}
              members: [{string.Join(", ", Officers.Roster.Officers.Select(o => $"{o.Name}.officer"))}]
            steps:

            """ + steps);
        return CeremonyPlan.Make(ScriptReader.Read("script.yaml", Script), _root.FullName, Home.Name, false, "agentpki test", TestOfficers.Software, Time.GetUtcNow());
    }

    public Task<CeremonyOutcome> RunAsync(CeremonyPlan plan) => CeremonyRun.RunAsync(plan, Script, Setting, CancellationToken.None);

    /// <summary>Another ceremony on the same home, with evidence of its own.</summary>
    public Task<CeremonyOutcome> RunAgainAsync(string steps)
    {
        _number++;
        Room.Warnings.Clear();
        return RunAsync(Plan(steps));
    }

    /// <summary>That plan, with evidence of its own.</summary>
    public Task<CeremonyOutcome> RunElsewhereAsync(CeremonyPlan plan)
    {
        _number++;
        Room.Warnings.Clear();
        return RunAsync(plan);
    }

    /// <summary>How many entries of that kind the ledger has.</summary>
    public async Task<int> EntriesAsync(Ledger.LedgerEntryKind kind)
    {
        var count = 0;
        await foreach (var record in Store.ReadAsync(0, CancellationToken.None))
        {
            count += record.Leaf.Kind == kind ? 1 : 0;
        }

        return count;
    }

    /// <summary>The token's user PIN, as a quorum has it.</summary>
    public async Task<byte[]> PinAsync()
    {
        var secret = Home.FindSealedPin("main", securityOfficer: false) ?? throw new InvalidOperationException("The PIN is not shared.");
        var shares = new List<OpenedShare>();
        foreach (var name in secret.Shares.Take(secret.Threshold).Select(s => s.Officer))
        {
            await using var key = Room.Everybody.Open(name);
            shares.Add((await secret.OpenShareAsync(key, CancellationToken.None)).Share ?? throw new InvalidOperationException());
        }

        return secret.Open(shares).Secret ?? throw new InvalidOperationException();
    }

    public Task<CeremonyOutcome> ResumeAsync() => CeremonyRun.ResumeAsync(Setting, CancellationToken.None);

    public EvidenceReport Verify() => EvidenceVerifier.Verify(Folder, TestOfficers.Software);

    public void Dispose() => _root.Delete(recursive: true);
}
