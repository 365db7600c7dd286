using System.Security.Cryptography;
using System.Text;

namespace AgentPki.Server.Witnessing;

/// <summary>The folder of one witness, its user's alone: configuration, keys in software if it has such, and one folder for each log that it watches.</summary>
/// <param name="Root">The absolute path.</param>
public sealed record WitnessHome(string Root)
{
    public const string Variable = "AGENTPKI_WITNESS_HOME";

    public string ConfigurationFile => Path.Combine(Root, "witness.yaml");

    public string Keys => Path.Combine(Root, "keys");

    public string Logs => Path.Combine(Root, "logs");

    /// <summary>What it knows of one log.</summary>
    public string LogFolder(string originHash) => Path.Combine(Logs, originHash);

    /// <summary>The name of a log's folder, and of its resource over HTTP: SHA-256 of the origin, lower-case hexadecimal.</summary>
    public static string HashOf(string origin) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(origin)));
}
