using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Ceremony;

/// <summary>A home with a SoftHSM token and another one called <c>spare</c>, to which the runbook of <c>docs/runbooks</c> has brought the CAs' keys, script by script as they are shipped.</summary>
internal sealed class TwoTokenHome : IDisposable
{
    private static readonly string Runbooks = Path.Combine(SourceTree.Root, "docs", "runbooks");

    private readonly string _spare;

    private TwoTokenHome(CeremonyRoom room, string spare) => (Room, _spare) = (room, spare);

    public CeremonyRoom Room { get; }

    public string Home => Room.Home;

    /// <summary>SHA-256 over the public keys of root and issuing CA.</summary>
    public IReadOnlyList<string> Digests { get; private set; } = [];

    /// <summary>The CAs in the first token, with keys that may be wrapped for another.</summary>
    /// <param name="spare">The lines of the second token in agentpki.yaml, below its name.</param>
    public static async Task<TwoTokenHome> MakeAsync(string spare)
    {
        var home = new TwoTokenHome(await CeremonyRoom.CreateAsync(2, "alice", "bob", "carol"), spare);
        await home.Room.InitAsync();
        var made = await home.Room.HoldAsync(home.Room.Script("The first keys", """
            { step: initialise-token, token: softhsm, pin: service }
            { step: ledger-key }
            { step: root-ca, subject: "CN=Test Root,O=Test", backup: wrapped }
            { step: issuing-ca, subject: "CN=Test Issuing,O=Test", backup: wrapped }
            { step: ocsp-signer }
            """));
        home.Digests = [.. new[] { "root", "issuing" }.Select(name => DigestOf(made.Artifact($"{name}.der")))];
        return home;
    }

    /// <summary>The runbook "One key in two tokens", up to where the second stands in for the first.</summary>
    public async Task BringKeysAsync()
    {
        await File.AppendAllTextAsync(Path.Combine(Home, "agentpki.yaml"), $"  - name: spare\n{string.Concat(_spare.Split('\n').Select(line => $"    {line.Trim()}\n"))}");
        (await RunbookAsync("second-token.yaml")).Carry("transport-spare.pem", "transport-spare.pem");
        await RunbookAsync("second-token-wrap.yaml");
        foreach (var wrapped in Directory.EnumerateFiles(Path.Combine(Home, "transport"), "*.wrapped.json"))
        {
            File.Copy(wrapped, Room.Files.File(Path.GetFileName(wrapped)), overwrite: true);
        }

        await RunbookAsync("second-token-unwrap.yaml");
    }

    /// <summary>Carries out a script of docs/runbooks, with this home's digests in the place of its examples; both judges verify its evidence.</summary>
    public async Task<CeremonyEvidence> RunbookAsync(string name)
    {
        var text = await File.ReadAllTextAsync(Path.Combine(Runbooks, name));
        for (var i = 0; i < Digests.Count; i++)
        {
            text = text.Replace($"{i + 1}".PadLeft(64, '0'), Digests[i], StringComparison.Ordinal);
        }

        await File.WriteAllTextAsync(Room.Files.File(name), text);
        var evidence = await Room.HoldAsync(name);
        await evidence.VerifyAsync();
        return evidence;
    }

    public async Task ConfigureAsync(string from, string to)
    {
        var file = Path.Combine(Home, "agentpki.yaml");
        var text = await File.ReadAllTextAsync(file);
        Assert.Contains(from, text, StringComparison.Ordinal);
        await File.WriteAllTextAsync(file, text.Replace(from, to, StringComparison.Ordinal));
    }

    /// <summary>Takes a SoftHSM token away as a cable that is pulled would: its files are gone.</summary>
    /// <returns>What puts it back.</returns>
    public Action TakeAway(string label)
    {
        var folder = Directory.EnumerateDirectories(Path.Combine(Home, "tokens"))
            .Single(d => File.ReadAllBytes(Path.Combine(d, "token.object")).AsSpan().IndexOf(System.Text.Encoding.ASCII.GetBytes(label)) >= 0);
        var aside = Room.Files.File($"away-{label}");
        Directory.Move(folder, aside);
        return () => Directory.Move(aside, folder);
    }

    public void Dispose() => Room.Dispose();

    private static string DigestOf(string der)
    {
        using var certificate = X509CertificateLoader.LoadCertificateFromFile(der);
        return Convert.ToHexStringLower(SHA256.HashData(certificate.PublicKey.ExportSubjectPublicKeyInfo()));
    }
}
