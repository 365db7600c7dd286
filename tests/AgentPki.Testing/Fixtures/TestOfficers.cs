using System.Security.Cryptography;
using AgentPki.Authority.Ceremony.Quorum;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers;
using AgentPki.Cryptography.Providers.BouncyCastle;
using AgentPki.Cryptography.Providers.Composite;
using AgentPki.Cryptography.Providers.Platform;

namespace AgentPki.Testing.Fixtures;

/// <summary>Officers with key files, as they come to a ceremony.</summary>
public sealed class TestOfficers
{
    private readonly Dictionary<string, string> _files;

    private TestOfficers(OfficerRoster roster, Dictionary<string, string> files) => (Roster, _files) = (roster, files);

    public OfficerRoster Roster { get; }

    public static CryptoProviders Software { get; } =
        new(new PlatformProvider(), new BouncyCastleProvider(), new CompositeProvider(new PlatformProvider(), new BouncyCastleProvider()));

    public static async Task<TestOfficers> CreateAsync(int quorum, params string[] names) => await CreateAsync(quorum, KeyAlgorithm.EcdsaP384, names);

    public static async Task<TestOfficers> CreateAsync(int quorum, KeyAlgorithm algorithm, params string[] names)
    {
        var (files, officers) = (new Dictionary<string, string>(), new List<Officer>());
        foreach (var name in names)
        {
            var (file, officer) = await OfficerKeyFile.CreateAsync(name, $"{char.ToUpperInvariant(name[0])}{name[1..]} Example", algorithm, PassphraseOf(name), 1000, Software, CancellationToken.None);
            files[name] = file;
            officers.Add(officer);
        }

        return new TestOfficers(OfficerRoster.Of(quorum, officers), files) { All = officers };
    }

    /// <summary>The roster without that officer; everybody's keys stay at hand.</summary>
    public TestOfficers Without(string name) => new(OfficerRoster.Of(Roster.Quorum, Roster.Officers.Where(o => o.Name != name)), _files) { All = All };

    /// <summary>The roster with an officer who was in it before.</summary>
    public TestOfficers With(string name) => new(OfficerRoster.Of(Roster.Quorum, [.. Roster.Officers, All.First(o => o.Name == name)]), _files) { All = All };

    private IReadOnlyList<Officer> All { get; init; } = [];

    public static byte[] PassphraseOf(string name) => System.Text.Encoding.UTF8.GetBytes($"correct horse battery {name}");

    public string FileOf(string name) => _files[name];

    public OfficerKey Open(string name)
    {
        var officer = All.FirstOrDefault(o => o.Name == name) ?? throw new ArgumentException($"No officer {name}.", nameof(name));
        return OfficerKeyFile.TryOpen(_files[name], officer, PassphraseOf(name), out var key, out var problem) ? key : throw new InvalidOperationException(problem);
    }

    /// <summary>Only the key that signs: for officers whose other key is lost.</summary>
    public ISigningKey SigningKeyOf(string name)
    {
        var file = _files[name];
        using var key = ECDsa.Create();
        var (start, end) = (file.IndexOf("-----BEGIN", StringComparison.Ordinal), file.LastIndexOf("-----BEGIN", StringComparison.Ordinal));
        key.ImportFromEncryptedPem(file.AsSpan(start, end - start), PassphraseOf(name));
        return SoftwareKeys.ImportSigningKey(name, KeyPurpose.OfficerStatement, key.ExportPkcs8PrivateKey());
    }
}
