using AgentPki.Cryptography;
using AgentPki.X509.Certificates;

namespace AgentPki.Server.Home;

/// <summary>The CA certificates as files that relying parties are given: <c>anchors/root.pem</c> and <c>anchors/chain.pem</c>.</summary>
public static class Anchors
{
    /// <summary>Writes the files if they are not already so. The store is what is true; the files follow it.</summary>
    public static void Write(ApplianceHome home, Certificate root, Certificate issuing)
    {
        WriteIfDifferent(home.RootCertificate, Pem.Encode(root));
        WriteIfDifferent(home.ChainCertificates, Pem.Encode(issuing, root));
    }

    /// <summary>Writes the key that verifies the ledger's checkpoints, for auditors.</summary>
    public static void WriteLedgerKey(ApplianceHome home, PublicKey key) => WriteIfDifferent(home.LedgerKey, Pem.EncodePublicKey(key));

    private static void WriteIfDifferent(string path, string text)
    {
        if (!File.Exists(path) || File.ReadAllText(path) != text)
        {
            PrivateFile.Write(path, text);
        }
    }
}
