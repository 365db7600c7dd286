using System.Security.Cryptography.X509Certificates;
using AgentPki.Integration.Foreign;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Acme;

/// <summary>What every real client's test needs: the appliance, where it looks for answers, a folder of the client's own, and the judge of what it got.</summary>
internal sealed class AcmeBench : IDisposable
{
    private AcmeBench(Appliance appliance, AcmeTargets targets) => (Appliance, Targets) = (appliance, targets);

    public TempFolder Folder { get; } = new();

    public Appliance Appliance { get; }

    public AcmeTargets Targets { get; }

    /// <summary>Where a client begins.</summary>
    public string Directory => $"https://localhost:{Appliance.HttpsPort}/acme/directory";

    public string Anchors => Appliance.AnchorsFile;

    public static async Task<AcmeBench> NewAsync(SharedAppliance shared) => new(await shared.GetAsync(), shared.Targets);

    /// <summary>An external account key that an operator made; its id and its secret in base64url.</summary>
    public async Task<(string Id, string Secret)> NewExternalKeyAsync(params string[] options)
    {
        var lines = (await Appliance.Cli.RunAsync(["acme", "eab", "new", "--owner", "acme-clients", .. options])).MustSucceed().Text.Trim().Split('\n');
        Assert.Equal(2, lines.Length);
        return (lines[0].Trim(), lines[1].Trim());
    }

    /// <summary>
    /// What every certificate that a client got has to be: strictly verified with nothing but the chain it came with, of every name, of the client's key, and stored.
    /// Returns its serial number.
    /// </summary>
    public async Task<string> JudgeAsync(string chain, string? key, params string[] names)
    {
        foreach (var name in names)
        {
            (await OpenSsl.RunAsync(Folder, "verify", "-x509_strict", "-check_ss_sig", "-purpose", "sslserver", "-CAfile", Anchors, "-untrusted", chain, "-verify_hostname", name.Replace("*", "any", StringComparison.Ordinal), chain)).MustSucceed();
        }

        if (key is not null)
        {
            var certified = await OpenSsl.FieldAsync(Folder, chain, "-pubkey");
            Assert.Equal((await OpenSsl.RunAsync(Folder, "pkey", "-in", key, "-pubout")).MustSucceed().Text, certified);
        }

        using var certificate = X509Certificate2.CreateFromPem(await File.ReadAllTextAsync(chain));
        Assert.Equal(names.Order(StringComparer.Ordinal), SubjectAlternativeNames(certificate).Order(StringComparer.Ordinal));
        Assert.Contains(new HomeStore(Appliance.Home).Certificates(), stored => stored.Serial == certificate.SerialNumber && stored.Der.AsSpan().SequenceEqual(certificate.RawData));
        return certificate.SerialNumber;
    }

    /// <summary>A certificate is revoked, with this reason (RFC 5280 §5.3.1).</summary>
    public void AssertRevoked(string serial, int reason)
    {
        var revoked = new HomeStore(Appliance.Home).Revocations();
        Assert.True(revoked.TryGetValue(serial, out var recorded), $"{serial} is not revoked");
        Assert.Equal(reason, recorded);
    }

    public void Dispose() => Folder.Dispose();

    private static IEnumerable<string> SubjectAlternativeNames(X509Certificate2 certificate) =>
        certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().Single().EnumerateDnsNames();
}
