using System.Globalization;

namespace AgentPki.Authority.Ceremony.Evidence;

/// <summary>What lies where in a ceremony's folder. All of it is public: no key, no PIN, no share is ever in it.</summary>
/// <param name="Root">The absolute path.</param>
public sealed record EvidenceFolder(string Root)
{
    /// <summary>Digits of a record's number in file names.</summary>
    public const int NumberDigits = 6;

    /// <summary>The plan: exactly the text whose SHA-256 officers compare.</summary>
    public string Plan => In("plan.txt");

    /// <summary>The script that the plan was made of.</summary>
    public string Script => In("script.yaml");

    /// <summary>The public key that verifies the records, PEM.</summary>
    public string TranscriptKey => In("transcript.pem");

    public string Records => In("records");

    /// <summary>What officers signed while the ceremony went on, and after it (<c>close-NAME.txt</c>), each with its <c>.sig</c>.</summary>
    public string Statements => In("statements");

    /// <summary>Officers' public signing keys, PEM, by name.</summary>
    public string Officers => In("officers");

    /// <summary>Certificates, requests, CRLs and what else the steps made.</summary>
    public string Artifacts => In("artifacts");

    /// <summary>The minutes, whose digest the officers sign at the end.</summary>
    public string Minutes => In("minutes.html");

    /// <summary>Where the ledger holds the end of the ceremony: entry, proof, checkpoint, key.</summary>
    public string Ledger => In("ledger");

    /// <summary>Verifies the folder with openssl and coreutils alone.</summary>
    public string VerifyScript => In("verify.sh");

    public string Record(int number) => Path.Combine(Records, Name(number) + ".txt");

    public string RecordSignature(int number) => Path.Combine(Records, Name(number) + ".sig");

    /// <summary>A path as the records write it: relative, with slashes.</summary>
    public string Relative(string path) => Path.GetRelativePath(Root, path).Replace(Path.DirectorySeparatorChar, '/');

    /// <summary>Resolves such a path; null when it would lead out of the folder.</summary>
    public string? Resolve(string relative)
    {
        var path = Path.GetFullPath(relative, Root);
        return relative.Length > 0 && !Path.IsPathRooted(relative) && path.StartsWith(Root + Path.DirectorySeparatorChar, StringComparison.Ordinal) ? path : null;
    }

    public void Create()
    {
        foreach (var folder in new[] { Root, Records, Statements, Officers, Artifacts })
        {
            Directory.CreateDirectory(folder);
        }
    }

    private static string Name(int number) => number.ToString($"D{NumberDigits}", CultureInfo.InvariantCulture);

    private string In(string name) => Path.Combine(Root, name);
}
