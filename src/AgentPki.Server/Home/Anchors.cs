using AgentPki.Cryptography;
using AgentPki.X509.Certificates;

namespace AgentPki.Server.Home;

/// <summary>The CA certificates as files that relying parties are given: <c>anchors/root.pem</c> and <c>anchors/chain.pem</c>.</summary>
public static class Anchors
{
    /// <summary>Writes the files if they are not already so. The store is what is true; the files follow it.</summary>
    /// <param name="tlsRoots">What the appliance's HTTPS certificates chain to: where that is another CA, last in <c>root.pem</c>.</param>
    public static void Write(ApplianceHome home, Certificate root, Certificate issuing, params IEnumerable<Certificate> tlsRoots)
    {
        WriteIfDifferent(home.RootCertificate, Pem.Encode(tlsRoots.Prepend(root).Distinct()));
        WriteIfDifferent(home.ChainCertificates, Pem.Encode(issuing, root));
    }

    /// <summary>Writes the key that verifies the ledger's checkpoints, for auditors.</summary>
    public static void WriteLedgerKey(ApplianceHome home, PublicKey key) => WriteIfDifferent(home.LedgerKey, Pem.EncodePublicKey(key));

    /// <summary>The same of the ML-DSA-44 key beside it, where there is one.</summary>
    public static void WriteSecondLedgerKey(ApplianceHome home, PublicKey? key)
    {
        if (key is not null)
        {
            WriteIfDifferent(home.SecondLedgerKey, Pem.EncodePublicKey(key));
        }
    }

    /// <summary>
    /// While a root goes over to another key: <c>anchors/roots.pem</c>, what to trust beside <c>root.pem</c>, and <c>anchors/rollover.pem</c>, each key under the
    /// other's signature. Empty lists take the files away.
    /// </summary>
    public static void WriteRollOver(ApplianceHome home, IReadOnlyList<Certificate> roots, IReadOnlyList<Certificate> rollOver)
    {
        var folder = Path.GetDirectoryName(home.RootCertificate) ?? home.Root;
        foreach (var (name, certificates) in new[] { ("roots.pem", roots), ("rollover.pem", rollOver) })
        {
            var path = Path.Combine(folder, name);
            if (certificates.Count > 0)
            {
                WriteIfDifferent(path, Pem.Encode(certificates));
            }
            else if (File.Exists(path))
            {
                File.Delete(path);
            }
        }
    }

    private static void WriteIfDifferent(string path, string text)
    {
        if (!File.Exists(path) || File.ReadAllText(path) != text)
        {
            PrivateFile.Write(path, text);
        }
    }
}
