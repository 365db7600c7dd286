using System.Security.Cryptography;
using System.Text;
using AgentPki.Agents.Decisions.Policies;
using AgentPki.Authority.Profiles;

namespace AgentPki.Authority.Decisions.Policies;

/// <summary>A file of the policies' folder.</summary>
public sealed record PolicyFile(string Name, byte[] Text);

/// <summary>All policies of an appliance, and the tests that lie beside them, read as one: all in order, or none of it.</summary>
public sealed class PolicyCatalog
{
    /// <summary>How a file of tests ends; every other <c>*.yaml</c> has policies.</summary>
    public const string TestSuffix = ".test.yaml";

    /// <summary>Policies in all.</summary>
    public const int MaximumPolicies = 10_000;

    private PolicyCatalog(PolicySet set, IReadOnlyList<PolicyTest> tests, string digest) => (Set, Tests, Sha256) = (set, tests, digest);

    /// <summary>No policy: nothing is permitted.</summary>
    public static PolicyCatalog Empty { get; } = Read([]);

    public PolicySet Set { get; }

    public IReadOnlyList<PolicyTest> Tests { get; }

    /// <summary>SHA-256 over the lines "file sha256\n" of the files with policies, in ordinal order; lower-case hexadecimal.</summary>
    public string Sha256 { get; }

    /// <exception cref="ProfileException">With every error, when there is one.</exception>
    public static PolicyCatalog Read(IEnumerable<PolicyFile> files)
    {
        var errors = new List<ProfileError>();
        var policies = new List<ActionPolicy>();
        var tests = new List<PolicyTest>();
        var digests = new StringBuilder();
        foreach (var file in files.OrderBy(f => f.Name, StringComparer.Ordinal))
        {
            if (file.Name.EndsWith(TestSuffix, StringComparison.Ordinal))
            {
                tests.AddRange(PolicyTest.Read(file.Name, Decode(file, errors), errors));
                continue;
            }

            policies.AddRange(PolicyReader.Read(file.Name, Decode(file, errors), errors));
            digests.Append(file.Name).Append(' ').Append(Convert.ToHexStringLower(SHA256.HashData(file.Text))).Append('\n');
        }

        foreach (var twice in policies.GroupBy(p => p.Id, StringComparer.Ordinal).Where(g => g.Count() > 1))
        {
            errors.Add(new ProfileError(twice.Last().Source, 0, "id", $"'{twice.Key}' is also in {twice.First().Source}"));
        }

        if (policies.Count > MaximumPolicies)
        {
            errors.Add(new ProfileError("policies", 0, "policies", $"{policies.Count} policies: at most {MaximumPolicies} are taken"));
        }

        return errors.Count > 0
            ? throw new ProfileException(errors)
            : new PolicyCatalog(PolicySet.Of(policies), tests, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(digests.ToString()))));
    }

    private static string Decode(PolicyFile file, List<ProfileError> errors)
    {
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(file.Text);
        }
        catch (DecoderFallbackException)
        {
            errors.Add(new ProfileError(file.Name, 0, "document", "it is not UTF-8"));
            return "policies: []";
        }
    }
}
