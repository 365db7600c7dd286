using System.Collections.Immutable;
using System.Text;
using AgentPki.Agents.Decisions.Policies;
using AgentPki.Agents.Registry;
using AgentPki.Authority.Governance;
using AgentPki.Authority.Profiles;

namespace AgentPki.Authority.Registry;

/// <summary>Reads <c>registry.yaml</c>. All errors at once, each with line and field; rules exist only in valid form.</summary>
public static class RegistryRulesReader
{
    /// <summary>The file's name, as messages have it.</summary>
    public const string File = "registry.yaml";

    private const int MaximumLength = 64 * 1024;
    private static readonly TimeSpan ShortestReview = TimeSpan.FromDays(1);
    private static readonly TimeSpan LongestReview = TimeSpan.FromDays(3660);

    /// <summary>Null, with at least one error, when these are no rules.</summary>
    public static RegistryRules? Read(ReadOnlySpan<byte> text, out IReadOnlyList<ProfileError> errors)
    {
        var found = new List<ProfileError>();
        errors = found;
        if (text.Length > MaximumLength || !TryDecode(text, out var yaml))
        {
            found.Add(new ProfileError(File, 1, "document", "UTF-8 of at most 64 KiB is wanted"));
            return null;
        }

        if (ProfileNode.Parse(File, new StringReader(yaml), found) is not { } node)
        {
            return null;
        }

        var tiers = node.Section("tiers");
        var rules = new RegistryRules
        {
            RegisteredOnly = node.Choice("enrolment", false, ("any", false), ("registered", true)),
            KnownOwnersOnly = node.Choice("owners", false, ("any", false), ("known", true)),
            Tiers = [.. RiskTiers.All.Select(tier => tiers.Has(tier.Word()) ? ReadTier(tiers.Section(tier.Word()), tier) : TierRule.Nobody)],
            OrphanGrace = ReadConsequence(node.Section("orphans")),
            ReviewGrace = ReadConsequence(node.Section("reviews")),
            Digest = ApprovedFiles.DigestOf(text),
        };
        tiers.RejectUnknown();
        node.RejectUnknown();
        if (rules.Tiers.All(t => t.Registrars.IsEmpty))
        {
            node.Fail("tiers", "at least one tier is wanted that somebody registers agents of: low, medium, high or critical with 'register'");
        }

        return found.Count == 0 ? rules : null;
    }

    private static TierRule ReadTier(ProfileNode node, RiskTier tier)
    {
        var roles = ImmutableArray.CreateBuilder<AdminRole>();
        foreach (var word in node.Texts("register"))
        {
            if (AdminRoles.TryParse(word, out var role) && role is AdminRole.Officer or AdminRole.RaAdministrator or AdminRole.Owner)
            {
                roles.Add(role.Value);
            }
            else
            {
                node.Fail("register", $"'{word}' registers no agents; known: officer, ra-administrator, owner");
            }
        }

        var rule = new TierRule(roles.ToImmutable(), node.Flag("secondPerson", false), node.Duration("review", ShortestReview, LongestReview))
        {
            LongestOffline = node.IsText("offline", "none") ? TimeSpan.Zero : node.Duration("offline", TimeSpan.FromSeconds(1), ActionPolicy.LongestOffline) ?? RegistryRules.OfflineUnlessSaid(tier),
        };
        node.RejectUnknown();
        return rule;
    }

    private static TimeSpan? ReadConsequence(ProfileNode node)
    {
        var suspends = node.Choice("then", true, ("suspend", true), ("report", false));
        var grace = node.Duration("grace", TimeSpan.Zero, TimeSpan.FromDays(366)) ?? TimeSpan.FromDays(14);
        node.RejectUnknown();
        return suspends ? grace : null;
    }

    private static bool TryDecode(ReadOnlySpan<byte> octets, out string text)
    {
        try
        {
            text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(octets);
            return true;
        }
        catch (DecoderFallbackException)
        {
            text = "";
            return false;
        }
    }
}
