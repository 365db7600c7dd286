using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace AgentPki.Authority.Watching;

/// <summary>What is done about a finding.</summary>
public enum BehaviourResponse : byte
{
    /// <summary>It is said: log, metric, ledger.</summary>
    Alert = 0,

    /// <summary>What it may do is narrowed for a time, which ends by itself.</summary>
    Narrow = 1,

    /// <summary>The agent is suspended and its certificates are held, until people release it.</summary>
    Suspend = 2,

    /// <summary>So is everything that it spawned.</summary>
    SuspendFamily = 3,

    /// <summary>Its certificates and those of everything that it spawned are revoked, and all of them suspended: people can activate them, and they enrol anew.</summary>
    RevokeFamily = 4,
}

/// <summary>Responses as words.</summary>
public static class BehaviourResponses
{
    public static ImmutableArray<BehaviourResponse> All { get; } = [.. Enum.GetValues<BehaviourResponse>()];

    public static string Word(this BehaviourResponse response) => response switch
    {
        BehaviourResponse.Alert => "alert",
        BehaviourResponse.Narrow => "narrow",
        BehaviourResponse.Suspend => "suspend",
        BehaviourResponse.SuspendFamily => "suspend-family",
        BehaviourResponse.RevokeFamily => "revoke-family",
    };

    public static bool TryParse(string text, [NotNullWhen(true)] out BehaviourResponse? response)
    {
        response = null;
        foreach (var candidate in All)
        {
            if (candidate.Word() == text)
            {
                response = candidate;
            }
        }

        return response is not null;
    }
}
