using System.Globalization;

namespace AgentPki.Agents.Behaviour;

/// <summary>Something that a detector found, with the numbers that made it.</summary>
/// <param name="Event">What the agent did last.</param>
/// <param name="Count">How many there were in the window.</param>
/// <param name="Usual">The peak that is usual for this agent in such a window.</param>
/// <param name="Requests">How many requests there were in that window altogether.</param>
/// <param name="Known">How many resources or networks of it are known; of other detectors 0.</param>
/// <param name="OverBound">Whether it is too much for any agent, and not only unusual for this one.</param>
public sealed record Finding(Detector Detector, BehaviourEvent Event, uint Count, float Usual, uint Requests, int Known, bool OverBound, DetectorRule Rule)
{
    /// <summary>As people read it, without its full stop: <c>37 refusals in 600 s, 82 % of its requests; its usual peak is 0.4</c>.</summary>
    public string Explain()
    {
        var window = Rule.Window.TotalSeconds.ToString("0", CultureInfo.InvariantCulture);
        var what = Detector switch
        {
            Detector.Burst => $"{Count} requests in {window} s",
            Detector.Refusals => $"{Count} refusals in {window} s, {Share()} of its requests",
            Detector.NewResources => $"{Count} resources in {window} s that it has not used before (it remembers {Known})",
            Detector.NewNetworks => $"{Count} networks in {window} s that it has not come from before (it remembers {Known}), the last {NetworkPrefix.Of(Event.Address)}",
            Detector.OffHours => $"{Count} requests in {window} s in hours of the week in which it is never at work",
            Detector.FanOut => $"{Count} children in {window} s",
        };
        return OverBound
            ? string.Create(CultureInfo.InvariantCulture, $"{what}; {Rule.Bound} are too many for any agent, and its usual peak is {Usual:0.#}")
            : string.Create(CultureInfo.InvariantCulture, $"{what}; its usual peak is {Usual:0.#}, and more than {Math.Max(Rule.Factor * Usual, Rule.AtLeast - 1):0.#} is unusual");
    }

    private string Share() => Requests == 0 ? "all" : string.Create(CultureInfo.InvariantCulture, $"{100.0 * Count / Requests:0} %");
}
