using AgentPki.Authority.Ceremony;
using AgentPki.Authority.Ceremony.Evidence;
using AgentPki.Authority.Ceremony.Quorum;
using AgentPki.Authority.Ceremony.Scripts;
using AgentPki.Authority.Ceremony.Steps;
using AgentPki.Cryptography;
using AgentPki.Testing.Fixtures;
using Xunit;

namespace AgentPki.Authority.Tests.Ceremony.Evidence;

/// <summary>A ceremony that was held in order, its evidence, and what somebody has who wants to forge it: the transcript's key before it was deleted, and the officers' keys.</summary>
public class EvidenceScene : IAsyncLifetime
{
    private TestCeremony? _ceremony;

    internal TestCeremony Ceremony => _ceremony!;

    internal CeremonyPlan Plan { get; private set; } = null!;

    /// <summary>PKCS #8.</summary>
    internal byte[] TranscriptKey { get; private set; } = [];

    /// <summary>The steps that are held.</summary>
    protected virtual string Script => CeremonyRunTests.Hierarchy;

    public async ValueTask InitializeAsync() => await HoldAsync(Script, KeyAlgorithm.EcdsaP256);

    internal async Task HoldAsync(string steps, KeyAlgorithm officers)
    {
        var people = await TestOfficers.CreateAsync(2, officers, "alice", "bob", "carol");
        _ceremony = new TestCeremony(people, TimeProvider.System);
        _ceremony.Room.Next = request =>
        {
            TranscriptKey = File.ReadAllBytes(_ceremony.Setting.KeyFile);
            return people.Open(request.Roster.Officers.First(o => !request.Have.Contains(o.Name)).Name);
        };
        Plan = _ceremony.Plan(steps);
        Assert.True(await _ceremony.RunAsync(Plan) == CeremonyOutcome.Closed, string.Join('\n', _ceremony.Room.Heard.TakeLast(5).Concat(_ceremony.Room.Warnings)));
        Assert.Empty(_ceremony.Room.Warnings);
    }

    /// <summary>A second ceremony at the same home.</summary>
    /// <param name="other">Who comes in place of the officers; null: one of them.</param>
    internal async Task HoldAgainAsync(string steps, Func<OfficerRequest, OfficerKey?>? other = null)
    {
        var usual = Ceremony.Room.Next;
        Ceremony.Room.Next = request => other?.Invoke(request) ?? usual?.Invoke(request);
        Directory.Delete(Ceremony.Folder.Root, recursive: true);
        Plan = Ceremony.Plan(steps);
        Assert.True(await Ceremony.RunAsync(Plan) == CeremonyOutcome.Closed, string.Join('\n', Ceremony.Room.Heard.TakeLast(5).Concat(Ceremony.Room.Warnings)));
        Assert.Empty(Ceremony.Room.Warnings);
    }

    /// <summary>The evidence as it was written, in a folder of its own.</summary>
    internal EvidenceCopy Copy() => new(this);

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        _ceremony?.Dispose();
        return ValueTask.CompletedTask;
    }
}

/// <summary>A copy of the evidence, to be tampered with; deleted afterwards.</summary>
internal sealed class EvidenceCopy : IDisposable
{
    // In memory where there is such a file system: forging writes through to the disk, hundreds of times.
    private readonly DirectoryInfo _parent = Directory.Exists("/dev/shm") ? Directory.CreateDirectory($"/dev/shm/agentpki-evidence-{Guid.NewGuid():N}") : Directory.CreateTempSubdirectory("agentpki-evidence-");

    public EvidenceCopy(EvidenceScene scene)
    {
        (Scene, Folder) = (scene, new EvidenceFolder(Path.Combine(_parent.FullName, "evidence")));
        var source = scene.Ceremony.Folder.Root;
        Folder.Create();
        Directory.CreateDirectory(Folder.Ledger);
        foreach (var path in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories))
        {
            File.Copy(path, PathOf(Path.GetRelativePath(source, path)));
        }
    }

    public EvidenceScene Scene { get; }

    public EvidenceFolder Folder { get; }

    public string PathOf(string relative) => Path.Combine(Folder.Root, relative);

    public IEnumerable<string> Files => Directory.EnumerateFiles(Folder.Root, "*", SearchOption.AllDirectories).Select(Folder.Relative).Order(StringComparer.Ordinal);

    /// <summary>Changes one octet of a file.</summary>
    public void Flip(string relative, int at)
    {
        var content = File.ReadAllBytes(PathOf(relative));
        content[at] ^= 1;
        File.WriteAllBytes(PathOf(relative), content);
    }

    public void Dispose() => _parent.Delete(recursive: true);
}
